"""The endpoint's process, over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inference import artifact, bootstrap
from tests.inference import models
from workloads.spec import Workload

ROOT = Path(__file__).parents[2]
_START = 90  # seconds, on a busy machine


class Client:
    """Speaks to one server."""

    def __init__(self, port: int) -> None:
        self.port = port

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers in lower case, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def post(self, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Ask for predictions."""
        return self.request("POST", "/invocations", body, **headers)


def _start(base: Path, **environment: str) -> tuple[subprocess.Popen[str], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"PATH": os.environ["PATH"], "SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port)}
    command = [sys.executable, "-m", "inference.server"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**settings, **environment}, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, port


@contextmanager
def _serving(base: Path, digest: str, log: list[str] | None = None) -> Iterator[Client]:
    process, port = _start(base, HEADRACE_MODEL_DIGEST=digest)
    client, end = Client(port), time.monotonic() + _START
    try:
        while True:
            try:
                assert client.request("GET", "/ping")[0] == 200
                break
            except OSError:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < end, "the server did not answer /ping"
                time.sleep(0.1)
        yield client
    finally:
        process.terminate()
        errors = process.communicate(timeout=30)[1]
        if log is not None:
            log.append(errors)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ml")


@pytest.fixture(scope="module")
def digest(workload: Workload, base: Path) -> str:
    return models.save(workload, base / "model")


@pytest.fixture(scope="module")
def born(workload: Workload, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an endpoint is born with."""
    base = tmp_path_factory.mktemp("born")
    artifact.unpack(bootstrap.of(workload).archive, base / "model")
    return base


@pytest.fixture(scope="module")
def client(base: Path, digest: str) -> Iterator[Client]:
    with _serving(base, digest) as serving:
        yield serving


def _json(*instances: dict[str, Any]) -> bytes:
    return json.dumps({"instances": instances}).encode()


def test_json_is_answered_with_the_model_that_answered(client: Client, digest: str, instance: dict[str, Any]) -> None:
    body = _json(instance, {**instance, "departure_minute": 1200})
    status, headers, answer = client.post(body, Content_Type="application/json")
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-sagemaker-custom-attributes"] == f"model_digest={digest}"
    assert json.loads(answer) == {
        "predictions": [{"probability": 0.0, "late": False}, {"probability": 1.0, "late": True}],
        "model_digest": digest,
    }


def test_csv_is_answered_in_csv_or_as_the_caller_accepts(
    client: Client, workload: Workload, instance: dict[str, Any]
) -> None:
    body = ",".join(str(instance.get(name, "")) for name in workload.features).encode()
    assert client.post(body, Content_Type="text/csv")[2] == b"0.0\n"
    answer = client.post(body, Content_Type="text/csv", Accept="application/json")[2]
    assert json.loads(answer)["predictions"] == [{"probability": 0.0, "late": False}]


def test_bad_input_gets_400_with_field_rule_and_remedy(client: Client, digest: str, instance: dict[str, Any]) -> None:
    del instance["carrier"]
    status, headers, answer = client.post(_json({**instance, "weekday": 9}), Content_Type="application/json")
    assert status == 400
    assert headers["x-amzn-sagemaker-custom-attributes"] == f"model_digest={digest}"
    assert json.loads(answer)["errors"] == [
        {
            "field": "instances[0].carrier",
            "rule": "must be given",
            "remedy": "Send it. The airline's two-letter code.",
        },
        {
            "field": "instances[0].weekday",
            "rule": "must be at most 7",
            "value": "9",
            "remedy": "Check the unit. Day of the week in New York, 1 for Monday to 7.",
        },
    ]


@pytest.mark.parametrize(
    ("headers", "status", "fields"),
    [
        ({"Content_Type": "application/xml"}, 415, ["Content-Type"]),
        ({}, 415, ["Content-Type"]),
        ({"Content_Type": "application/xml", "Accept": "application/json"}, 415, ["Content-Type"]),
        ({"Accept": "application/json"}, 415, ["Content-Type"]),
        ({"Content_Type": "application/json", "Accept": "image/png"}, 406, ["Accept"]),
        ({"Content_Type": "application/json; charset=utf-16"}, 415, ["Content-Type"]),
        ({"Content_Type": "application/xml", "Accept": "image/png"}, 415, ["Content-Type", "Accept"]),
    ],
)
def test_a_header_that_cannot_be_used_is_blamed_itself(
    client: Client, instance: dict[str, Any], headers: dict[str, str], status: int, fields: list[str]
) -> None:
    answered, _, answer = client.post(_json(instance), **headers)
    assert answered == status
    assert [error["field"] for error in json.loads(answer)["errors"]] == fields


def test_accept_in_several_lines_or_none(client: Client, instance: dict[str, Any]) -> None:
    request = (
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%bConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%b"
    )
    body = _json(instance)
    for lines, kind in (
        (b"Accept: application/json;q=0.1\r\nAccept: text/csv\r\n", b"content-type: text/csv"),
        (b"Accept: text/csv;q=0\r\nAccept: */*\r\n", b"content-type: application/json"),
        (b"Accept:\r\n", b"content-type: application/json"),
    ):
        with socket.create_connection(("127.0.0.1", client.port), timeout=30) as raw:
            raw.sendall(request % (lines, len(body), body))
            said = b"".join(iter(lambda: raw.recv(65_536), b""))
        assert said.startswith(b"HTTP/1.1 200"), said
        assert kind in said


def test_no_body_is_an_error_of_ours(client: Client, instance: dict[str, Any]) -> None:
    far = _json({**instance, "distance": "HERE"}).replace(b'"HERE"', b"1e999")
    deep = b'{"instances": [{"distance": ' + b"[" * 900 + b"]" * 900 + b"}]}"
    long = _json({**instance, "distance": "HERE"}).replace(b'"HERE"', b"9" * 5_000)
    half = b'{"instances": [{"' + b"\\ud800" * 500 + b'": "\\udfff"}]}'
    broken = (
        b"",
        b"{",
        b"\xff\xfe",
        b'{"instances": [null]}',
        b'{"instances": {"a": 1}}',
        b"[" * 100_000,
        b"null",
        b"\0",
    )
    for body in (*broken, far, deep, long, half):
        for kind in ("application/json", "text/csv", "nonsense"):
            status, _, answer = client.post(body, Content_Type=kind)
            assert status == (415 if kind == "nonsense" else 400)
            assert b"Traceback" not in answer
            assert json.loads(answer)["errors"]


def test_errors_reach_the_caller_whole(client: Client) -> None:
    status, _, answer = client.post(_json({"x" * 5_000: "\u2708" * 5_000}, *[{}] * 50), Content_Type="application/json")
    said = json.loads(answer)
    assert status == 400
    assert len(answer.decode()) <= 2_048  # what SageMaker passes on of it
    assert len(said["errors"]) >= 5
    assert len(said["errors"]) + said["more_errors"] == 100


def test_a_connection_outlives_a_pause_of_its_router(client: Client, instance: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    try:
        for pause in (0, 6):
            time.sleep(pause)
            connection.auto_open = pause == 0  # a second connection would hide that the first was closed
            connection.request("POST", "/invocations", _json(instance), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.read()
    finally:
        connection.close()


def test_callers_that_fail_leave_no_traceback_in_the_log(born: Path, instance: dict[str, Any]) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
    whole = b"%d\r\n\r\n%b" % (len(_json(instance)), _json(instance))
    log: list[str] = []
    with _serving(born, "bootstrap", log) as serving:
        for sent in (head + b"5000\r\n\r\n{", head, head + whole, b"\0nonsense\r\n\r\n", head + b"-1\r\n\r\n", b""):
            for _ in range(5):
                with socket.create_connection(("127.0.0.1", serving.port), timeout=30) as raw:
                    raw.sendall(sent)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, not closed
        assert serving.post(_json(instance), Content_Type="application/json")[0] == 200
    assert "Serving flights" in log[0]
    assert "Traceback" not in log[0]
    assert "ERROR" not in log[0]


def test_before_the_first_model_the_prior_answers(born: Path, workload: Workload, instance: dict[str, Any]) -> None:
    with _serving(born, "bootstrap") as bootstrap:
        answer = json.loads(bootstrap.post(_json(instance), Content_Type="application/json")[2])
    assert answer["model_digest"] == "bootstrap"
    assert answer["predictions"] == [{"probability": workload.prior, "late": False}]


def _refused(base: Path, **environment: str) -> str:
    process, _ = _start(base, **environment)
    _, errors = process.communicate(timeout=_START)
    assert process.returncode == 1
    assert "Traceback" not in errors
    return errors


def test_a_container_whose_model_was_replaced_refuses_to_start(workload: Workload, digest: str, tmp_path: Path) -> None:
    models.save(workload, tmp_path / "model")
    (tmp_path / "model" / "estimator.pkl").write_bytes(b"something else")
    other = artifact.write_manifest(tmp_path / "model", "flights")
    errors = _refused(tmp_path, HEADRACE_MODEL_DIGEST=digest)
    assert f"The container cannot serve: The model's digest must be {digest}, got {other}." in errors


def test_a_container_says_which_settings_it_lacks(tmp_path: Path) -> None:
    errors = _refused(tmp_path)
    assert "HEADRACE_MODEL_DIGEST must be set in the environment, it is missing." in errors


def test_a_model_without_its_workload_is_refused(workload: Workload, tmp_path: Path) -> None:
    models.save(workload, tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "workload")
    digest = artifact.write_manifest(tmp_path / "model", "flights")
    errors = _refused(tmp_path, HEADRACE_MODEL_DIGEST=digest)
    assert "must carry its workload's files in workload/, and has none" in errors
