"""The endpoint's process, over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inference import artifact
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
def _serving(base: Path, digest: str) -> Iterator[Client]:
    process, port = _start(base, HEADRACE_WORKLOAD="flights", HEADRACE_MODEL_DIGEST=digest)
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
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ml")


@pytest.fixture(scope="module")
def digest(workload: Workload, base: Path) -> str:
    return models.save(workload, base / "model")


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
    "headers", [{"Content_Type": "application/xml"}, {}, {"Content_Type": "application/json", "Accept": "image/png"}]
)
def test_another_media_type_gets_415(client: Client, instance: dict[str, Any], headers: dict[str, str]) -> None:
    status, _, answer = client.post(_json(instance), **headers)
    assert status == 415
    assert json.loads(answer)["errors"][0]["remedy"].endswith("text/csv.")


def test_no_answer_holds_a_traceback(client: Client) -> None:
    for body in (b"", b"{", b"\xff\xfe", b'{"instances": [null]}', b'{"instances": {"a": 1}}', b"[" * 100_000):
        for kind in ("application/json", "text/csv", "nonsense"):
            status, _, answer = client.post(body, Content_Type=kind)
            assert status in (400, 415)
            assert b"Traceback" not in answer
            assert json.loads(answer)["errors"]


def test_before_the_first_model_the_prior_answers(base: Path, workload: Workload, instance: dict[str, Any]) -> None:
    with _serving(base / "empty", "bootstrap") as bootstrap:
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
    errors = _refused(tmp_path, HEADRACE_WORKLOAD="flights", HEADRACE_MODEL_DIGEST=digest)
    assert f"The container cannot serve: The model's digest must be {digest}, got {other}." in errors


def test_a_container_says_which_settings_it_lacks(tmp_path: Path) -> None:
    errors = _refused(tmp_path, HEADRACE_WORKLOAD="flights")
    assert "HEADRACE_MODEL_DIGEST must be set in the environment, it is missing." in errors


def test_a_model_of_other_inputs_is_refused(workload: Workload, tmp_path: Path) -> None:
    fewer = {name: feature for name, feature in workload.features.items() if name != "visibility"}
    digest = models.save(workload.model_copy(update={"features": fewer}), tmp_path / "model")
    errors = _refused(tmp_path, HEADRACE_WORKLOAD="flights", HEADRACE_MODEL_DIGEST=digest)
    assert "they differ in visibility. Serve it with the image that it was packaged with." in errors
