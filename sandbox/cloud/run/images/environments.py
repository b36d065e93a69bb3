"""Python environments by the digest of their lock: installed once per machine, shared between clones.

One takes up to a gigabyte, and each change of a lock makes another. So an installation removes those in which nothing
was started for a month; a folder's time of modification is when something was.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from sandbox.cloud import settings

Say = Callable[[str], None]
_UNUSED_SECONDS = 30 * 86_400.0
_BUILDING = "building-"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_INDEX_SETTINGS = ("UV_", "PIP_", "SSL_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy")


class InstallError(Exception):
    """A lock cannot be installed."""


def index_settings() -> dict[str, str]:
    """Return how this machine reaches its package index: certificates, proxies, mirrors and uv's cache."""
    found = {name: value for name, value in os.environ.items() if name.startswith(_INDEX_SETTINGS)}
    cache_home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    found.setdefault("UV_CACHE_DIR", f"{cache_home}/uv")
    return found


def digest(lock: str) -> str:
    """Return the name of a lock's environment: it depends on the packages, the Python and the platform."""
    seed = f"{platform.python_version()} {sys.platform} {platform.machine()}\n{lock}"
    return hashlib.sha256(seed.encode()).hexdigest()


def ensure(lock: str, say: Say, environment: Mapping[str, str] | None = None) -> Path:
    """Return the environment's folder, installing it first where it is missing.

    Parameters
    ----------
    lock : str
        The text of a lock file: every package pinned.
    say : callable
        Gets progress, line by line.
    environment : mapping, optional
        Variables for uv; by default `index_settings`.

    Raises
    ------
    InstallError
        With uv's own words.
    """
    home = settings.current().cache / "images"
    folder = home / digest(lock)
    home.mkdir(parents=True, exist_ok=True)
    ready = folder.is_dir()  # then the lock only keeps it from being removed, and nobody waits for long
    with _only_one(folder.with_suffix(".lock"), (lambda _: None) if ready else say):
        if not folder.is_dir():
            _install(lock, folder, say, dict(index_settings() if environment is None else environment))
            _remove_unused(home)
        os.utime(folder)
    return folder


def _remove_unused(home: Path) -> None:
    for folder in home.iterdir():
        if not _DIGEST.fullmatch(folder.name) or not folder.is_dir():
            continue
        with folder.with_suffix(".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody is about to use it
            if time.time() - folder.stat().st_mtime > _UNUSED_SECONDS and not _runs_in(folder):
                # half removed, it would look whole under its own name
                aside = folder.rename(home / f"{_BUILDING}{folder.name[:16]}-unused")
                shutil.rmtree(aside, ignore_errors=True)


def _runs_in(folder: Path) -> bool:
    """Tell whether a process was started from an environment, such as an endpoint that has served since."""
    words = (word for process in psutil.process_iter(["cmdline"]) for word in process.info["cmdline"] or ())
    return any(f"{folder}/" in word for word in words)


@contextmanager
def _only_one(path: Path, say: Say) -> Iterator[None]:
    """Hold a lock between processes; the kernel drops it when the holder dies."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another build that installs the same packages")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(lock: str, folder: Path, say: Say, environment: dict[str, str]) -> None:
    prefix = f"{_BUILDING}{folder.name[:16]}-"
    for left in folder.parent.glob(f"{prefix}*"):  # by an installation that was killed: we hold its lock now
        shutil.rmtree(left, ignore_errors=True)
    building = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        lock_file = building / "requirements.lock"
        lock_file.write_text(lock, "utf-8")
        uv = _find_uv()
        python = building / "venv" / "bin" / "python"
        environment = {"PATH": os.defpath, "HOME": str(Path.home()), **environment}
        for command in (
            [uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(building / "venv")],
            [uv, "pip", "sync", "--compile-bytecode", "--color", "never", "--python", str(python), str(lock_file)],
        ):
            _run(command, environment, say)
        (building / "venv").rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _find_uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise InstallError(
            f"uv was found neither beside {sys.executable} nor on PATH; it installs the image's packages. "
            "Install it with `pip install uv`."
        )
    return found


def _run(command: list[str], environment: dict[str, str], say: Say) -> None:
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - opened above
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            say(lines[-1])
    if process.returncode:
        raise InstallError("\n".join(lines[-20:]) or f"{' '.join(command[1:3])} ended with {process.returncode}")
