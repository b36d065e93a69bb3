"""Starting, stopping, and what stands in the way."""

from __future__ import annotations

import contextlib
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sandbox.cloud import process
from sandbox.cloud.settings import Settings
from sandbox.cloud.state import children
from tests import processes
from tests.cloud.endpoints.local import Cloud, eventually, own_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a folder and a port of the test's own."""
    return own_settings(tmp_path, monkeypatch)


@contextlib.contextmanager
def another_program(port: int) -> Iterator[None]:
    """Hold a port with a program that hangs up on every caller."""

    class HangsUp(socketserver.BaseRequestHandler):
        """Says nothing."""

    with socketserver.TCPServer(("127.0.0.1", port), HangsUp) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            serving.join()


def test_start_status_and_stop(settings: Settings) -> None:
    assert not process.status(settings).running
    began = time.monotonic()
    started = process.start(settings)
    took = time.monotonic() - began
    assert started.running
    assert took < 30  # under 5 s where nothing else uses the processors
    assert process.start(settings).pid == started.pid
    assert process.pid_file(settings).read_text() == str(started.pid)
    process.stop(settings)
    assert not process.status(settings).running
    assert not psutil.pid_exists(started.pid or 0)
    assert not process.pid_file(settings).exists()
    process.stop(settings)  # stopping what does not run is no error


def test_a_port_in_use_is_named_with_the_remedy(settings: Settings) -> None:
    with another_program(settings.port), pytest.raises(process.LocalCloudError) as refused:
        process.start(settings)
    message = str(refused.value)
    assert f"port {settings.port} on 127.0.0.1 is in use" in message
    assert "HEADRACE_PORT" in message


def test_the_foreground_server_says_the_same_and_fails(settings: Settings) -> None:
    with another_program(settings.port):
        ran = subprocess.run(
            [sys.executable, "-m", "sandbox.cloud"], capture_output=True, text=True, timeout=60, check=False
        )
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "HEADRACE_PORT" in ran.stderr


def test_another_clone_s_cloud_on_the_port_is_not_taken_for_ours(cloud: Cloud, tmp_path: Path) -> None:
    elsewhere = replace(cloud.settings, folder=tmp_path / "elsewhere")
    status = process.status(elsewhere)
    assert not status.running
    assert str(cloud.settings.folder) in status.message
    with pytest.raises(process.LocalCloudError, match="another clone"):
        process.start(elsewhere)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(settings: Settings, number: signal.Signals) -> None:
    running = Cloud(settings)
    running.start()
    pid = process.status(settings).pid or 0
    psutil.Process(pid).send_signal(number)
    assert running._server is not None
    assert running._server.wait(30) == 0
    assert not process.pid_file(settings).exists()
    assert "Traceback" not in process.log_file(settings).read_text()


def test_children_of_a_cloud_that_died_are_ended_at_the_next_start(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        "from sandbox.cloud.state import children\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "children.Watcher(pathlib.Path(sys.argv[1])).start()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        eventually((tmp_path / "children.json").exists)
        parent.kill()
    assert processes.running([child])
    assert children.end_orphans(tmp_path) == 1
    eventually(lambda: not processes.running([child]))
    assert children.end_orphans(tmp_path) == 0
