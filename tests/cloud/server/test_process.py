"""Starting, stopping, and what stands in the way."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
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
from tests.cloud.local import Cloud, eventually, own_settings
from tests.ports import free_port


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


def test_a_folder_has_one_cloud_whatever_port_another_shell_means(settings: Settings) -> None:
    started = process.start(settings)
    elsewhere = replace(settings, port=free_port())
    with pytest.raises(
        process.LocalCloudError, match=f"runs on port {settings.port}, as process {started.pid}"
    ) as said:
        process.start(elsewhere)
    assert f"Set HEADRACE_PORT={settings.port} here too, or stop it" in str(said.value)
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox.cloud"],
        env={**os.environ, "HEADRACE_PORT": str(elsewhere.port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (1, f"{said.value}\n")
    assert process.status(settings).pid == started.pid
    process.stop(elsewhere)
    assert not process.status(settings).running, "who means another port stops it all the same"


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


def test_it_keeps_nothing_of_its_starter_s(settings: Settings, tmp_path: Path) -> None:
    """As `make demo` under flock, in the background of a shell, with a pipe that somebody reads to its end."""
    lock = (tmp_path / "lock").open("w")
    os.set_inheritable(lock.fileno(), True)
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    fcntl.flock(lock, fcntl.LOCK_EX)
    code = (
        "import signal\n"
        "for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT): signal.signal(number, signal.SIG_IGN)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})\n"
        "from sandbox.cloud import process, settings\n"
        "print(process.start(settings.current()).pid)\n"
    )
    started = subprocess.run(
        [sys.executable, "-c", code], close_fds=False, capture_output=True, text=True, timeout=90, check=True
    )
    try:
        lock.close()
        os.close(writing)
        with (tmp_path / "lock").open("w") as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where somebody still holds it
        assert os.read(reading, 1) == b""  # its end; it would wait where somebody still could write
        about = Path(f"/proc/{int(started.stdout)}/status").read_text()
        masks = {name: int(value, 16) for name, value in re.findall(r"(SigBlk|SigIgn):\s+(\w+)", about)}
        assert masks["SigBlk"] == 0
        ignored = {number for number in signal.Signals if masks["SigIgn"] >> (number - 1) & 1}
        assert ignored == {signal.SIGPIPE, signal.SIGXFSZ}  # as every Python ignores them
        opened = psutil.Process(int(started.stdout))
        assert {path.readlink() for path in Path(f"/proc/{opened.pid}/fd").iterdir() if int(path.name) < 3} == {
            Path("/dev/null"),
            process.log_file(settings),
        }
    finally:
        os.close(reading)
        process.stop(settings)


def test_what_it_keeps_is_for_its_user_alone(settings: Settings) -> None:
    process.start(settings)
    process.stop(settings)
    assert settings.folder.stat().st_mode & 0o077 == 0
    assert (settings.folder / "secret").stat().st_mode & 0o777 == 0o600


def test_a_long_log_is_put_aside_at_the_next_start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LONGEST_LOG", 1000)
    log = process.log_file(settings)
    log.parent.mkdir(parents=True)
    for text in ("first\n" * 10, "second\n" * 1000, "third\n" * 1000):
        log.write_text(text)
        process.start(settings)
        process.stop(settings)
    assert log.with_suffix(".log.1").read_text().startswith("third")
    assert "third" not in log.read_text()


def test_a_state_folder_too_deep_for_sockets_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = replace(settings, folder=settings.folder / ("deep" * 30))
    monkeypatch.setenv("HEADRACE_STATE", str(deep.folder))
    with pytest.raises(process.LocalCloudError, match="HEADRACE_STATE must be a path of at most"):
        process.start(deep)


def test_it_ends_with_the_process_that_it_was_told(settings: Settings) -> None:
    code = (
        "import os, time\n"
        "os.environ['HEADRACE_ENDS_WITH'] = str(os.getpid())\n"
        "from sandbox.cloud import process, settings\n"
        "print(process.start(settings.current()).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        started = psutil.Process(int(starter.stdout.readline()))
        assert processes.running([started])
        starter.kill()
    eventually(lambda: not processes.running([started]))
    assert not process.pid_file(settings).exists(), "it stopped as it does when told"


def test_it_does_not_run_for_a_process_that_has_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        monkeypatch.setenv("HEADRACE_ENDS_WITH", str(ended.pid))
    ran = subprocess.run([sys.executable, "-m", "sandbox.cloud"], capture_output=True, timeout=90, check=False)
    assert ran.returncode == 0, ran.stderr
    assert not process.pid_file(settings).exists()


@pytest.mark.parametrize("why", ["slow", "interrupted"])
def test_a_start_that_fails_leaves_no_process(settings: Settings, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    spawned = []
    spawn, ask = process._spawn, process.status

    def remember(at: Settings) -> int:
        spawned.append(spawn(at))
        return spawned[-1]

    def interrupt(at: Settings) -> process.Status:
        if spawned:
            raise KeyboardInterrupt
        return ask(at)

    monkeypatch.setattr(process, "_spawn", remember)
    if why == "slow":
        monkeypatch.setattr(process, "_START_SECONDS", 0.0)
        with pytest.raises(process.LocalCloudError, match="did not answer within 0 s and was stopped"):
            process.start(settings)
    else:
        monkeypatch.setattr(process, "status", interrupt)
        with pytest.raises(KeyboardInterrupt):
            process.start(settings)
    assert not psutil.pid_exists(*spawned)


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
