"""Python environments by the digest of their lock: installed once per machine, shared between clones."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox.cloud import settings

Say = Callable[[str], None]
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
    if folder.is_dir():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.with_suffix(".lock"), say):
        if not folder.is_dir():
            _install(lock, folder, say, dict(index_settings() if environment is None else environment))
    return folder


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
    prefix = f"building-{folder.name[:16]}-"
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
