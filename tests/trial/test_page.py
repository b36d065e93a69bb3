from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from trial import page, tracked


@pytest.fixture(scope="module")
def port(tracking: Path) -> Iterator[int]:
    """The port of a page that runs."""
    chosen = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracked, "FOLDER", tracking)
        command = page.command(chosen)
    environment = {**page.ENVIRONMENT, "PATH": "/usr/bin:/bin", "HOME": str(Path.cwd())}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        end = time.monotonic() + 300
        while not answers(chosen):
            assert server.poll() is None
            assert time.monotonic() < end
            time.sleep(0.3)
        yield chosen
    finally:
        server.terminate()
        server.wait(30)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def status(port: int, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("GET", "/api/2.0/mlflow/experiments/search?max_results=1", skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_page_answers_by_its_own_names(port: int) -> None:
    assert status(port) == 200
    assert status(port, Host=f"localhost:{port}") == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7"])
def test_the_page_answers_by_no_other_name(port: int, host: str) -> None:
    assert status(port, Host=f"{host}:{port}") == 403


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert page.main(["--port", str(port)]) == 2
    assert f"PORT must be free on 127.0.0.1, got {port}" in capsys.readouterr().err
