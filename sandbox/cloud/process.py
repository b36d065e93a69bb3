"""The local cloud as a background process: start, stop, status."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import psutil

from sandbox import signals
from sandbox.cloud import credentials
from sandbox.cloud.settings import BAD, DEFAULT_PORT, Settings
from sandbox.cloud.state import children

_STATUS_PATH = "/_cloud/status"
_START_SECONDS = 90.0
_STOP_SECONDS = 40.0
_LET_GO_SECONDS = 2.0  # one that was killed may be a moment in ending
_LONGEST_LOG = 10 * 2**20  # bytes, at a start
_ROOT = Path(__file__).resolve().parents[2]


class LocalCloudError(RuntimeError):
    """The local cloud could not be started or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Status:
    """Whether the local cloud of a folder answers, and as which process."""

    running: bool
    pid: int | None
    message: str
    weather: str = ""


def start(settings: Settings) -> Status:
    """Start the local cloud as a process of its own, unless it runs already, and return once it answers.

    Raises
    ------
    LocalCloudError
        If the port is taken, or the process ends or takes too long before it answers; then it does not run.
    """
    now = status(settings)
    if now.running:
        wanted = f"{settings.weather} {settings.seed}"
        if settings.weather == BAD and now.weather != wanted:
            raise LocalCloudError(
                f"the local cloud runs already, in weather and seed `{now.weather}`, not `{wanted}`. Stop it first "
                "(`.venv/bin/python -m sandbox cloud stop`), or unset HEADRACE_WEATHER."
            )
        return now
    credentials.private(settings.folder)
    held = hold(settings)
    if held is None:
        raise LocalCloudError(folder_in_use(settings))
    held.close()
    if _port_taken(settings.port):
        raise LocalCloudError(port_in_use(settings.port))
    _turn(log_file(settings))
    process = psutil.Process(_spawn(settings))
    try:
        return _first_answer(settings, process)
    except BaseException:  # Ctrl-C too: it may not have written down yet by what id it is to be stopped
        _end(process)
        raise


def _first_answer(settings: Settings, process: psutil.Process) -> Status:
    deadline = time.monotonic() + _START_SECONDS
    while not (now := status(settings)).running:
        if os.waitpid(process.pid, os.WNOHANG) != (0, 0):
            raise LocalCloudError(f"the local cloud ended while it started: {_last_words(settings)}")
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"the local cloud did not answer within {_START_SECONDS:.0f} s and was stopped; "
                f"see {log_file(settings)}"
            )
        time.sleep(0.05)
    return now


def stop(settings: Settings) -> None:
    """Stop the local cloud of the settings' folder and everything it started; nothing happens if none runs."""
    process = _recorded(settings)
    if process is not None:
        _end(process)
    pid_file(settings).unlink(missing_ok=True)
    children.end_orphans(settings.folder)


def _end(process: psutil.Process) -> None:
    """End a local cloud and what it started; one that has ended is left alone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = process.children(recursive=True)
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        for child in family:
            with contextlib.suppress(psutil.Error):
                child.kill()


def status(settings: Settings) -> Status:
    """Ask whether the local cloud of the settings' folder answers on its port."""
    try:
        with urllib.request.urlopen(settings.endpoint_url + _STATUS_PATH, timeout=5) as said:  # noqa: S310 - our own port
            found = json.load(said)
    except (OSError, ValueError, urllib.error.URLError):
        return Status(False, None, f"no local cloud answers on port {settings.port}")
    if found.get("folder") != str(settings.folder):
        return Status(False, None, f"the local cloud on port {settings.port} keeps its state in {found.get('folder')}")
    message = f"running as process {found['pid']} on port {settings.port}"
    return Status(True, found["pid"], message, found.get("weather", ""))


def hold(settings: Settings) -> TextIO | None:
    """Take the settings' folder for a local cloud, as long as what is returned stays open; None if another has it.

    Two in one folder, on two ports, would take each other's children and write over each other's state.
    """
    file = (settings.folder / "lock").open("w")
    deadline = time.monotonic() + _LET_GO_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                return None
            time.sleep(0.05)
        else:
            return file


def folder_in_use(settings: Settings) -> str:
    """Return the message for a folder whose local cloud runs, and does not answer on the settings' port."""
    process = _recorded(settings)
    if process is None:
        return f"the local cloud of {settings.folder} is starting or ending; try again in a moment"
    with contextlib.suppress(psutil.Error):
        port = process.environ().get("HEADRACE_PORT", str(DEFAULT_PORT))
        if port != str(settings.port):
            return (
                f"the local cloud of {settings.folder} runs on port {port}, as process {process.pid}, and this shell "
                f"means port {settings.port}. Set HEADRACE_PORT={port} here too, or stop it: "
                "`.venv/bin/python -m sandbox cloud stop`."
            )
    return (
        f"the local cloud of {settings.folder} runs as process {process.pid} and does not answer; see "
        f"{log_file(settings)}, or stop it: `.venv/bin/python -m sandbox cloud stop`."
    )


def port_in_use(port: int) -> str:
    """Return the message for a port that belongs to another program."""
    return (
        f"port {port} on 127.0.0.1 is in use, perhaps by another clone's local cloud or another program "
        f"(`ss -ltnp 'sport = :{port}'` names it). Stop it, or choose a free port with HEADRACE_PORT."
    )


def pid_file(settings: Settings) -> Path:
    """Return where the process writes its id."""
    return settings.folder / "server.pid"


def log_file(settings: Settings) -> Path:
    """Return where the process writes its log."""
    return settings.folder / "server.log"


def _spawn(settings: Settings) -> int:
    """Start the server in a session of its own, with nothing of its starter's.

    Neither Ctrl-C nor a closed terminal reaches it; it ignores and blocks no signal; and no file of its starter stays
    open with it, such as a lock that is held around `make demo` or a pipe whose end somebody waits for.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[tuple[Any, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log_file(settings)), flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        *((os.POSIX_SPAWN_CLOSE, file) for file in _inherited_files()),
    ]
    command = [sys.executable, "-m", "sandbox.cloud"]
    return os.posix_spawn(
        sys.executable,
        command,
        _environment(settings),
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=signals.all_changeable(),
    )


def _inherited_files() -> list[int]:
    """Return the files beyond the standard streams that a process started from here would get."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        number = int(entry.name)
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            if number > 2 and os.get_inheritable(number):
                found.append(number)
    return found


def _turn(log: Path) -> None:
    """Put a log that has become long aside, in place of the one before it."""
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


def _environment(settings: Settings) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {
        **inherited,
        "AWS_REGION": settings.region,
        "HEADRACE_ACCOUNT": settings.account,
        "HEADRACE_PORT": str(settings.port),
        "HEADRACE_STATE": str(settings.folder),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
    }


def _port_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _recorded(settings: Settings) -> psutil.Process | None:
    """Return the process that the pid file names, if it is a local cloud."""
    try:
        process = psutil.Process(int(pid_file(settings).read_text()))
        return process if "sandbox.cloud" in process.cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None


def _last_words(settings: Settings) -> str:
    lines = log_file(settings).read_text().strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"
