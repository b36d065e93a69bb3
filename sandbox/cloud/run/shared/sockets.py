"""Servers that only the local cloud speaks to listen on Unix sockets, in a folder that only its user may enter.

A port of 127.0.0.1 can be reached by every user of the machine and every page in a browser, and may be taken by another
program between being chosen and being bound.
"""

from __future__ import annotations

import http.client
import shutil
import socket
from pathlib import Path
from typing import Any

import urllib3

from sandbox.cloud import credentials, settings

_LONGEST = 107  # bytes of a socket's path that Linux takes
_NAME = 12  # characters


class FolderError(RuntimeError):
    """The state folder's path is too long for sockets below it."""


def check(folder: Path) -> None:
    """Refuse a state folder below which no socket can be made.

    Raises
    ------
    FolderError
        With the remedy.
    """
    most = _LONGEST - _NAME - len("/s/")
    given = len(str(folder).encode())
    if given > most:
        raise FolderError(
            f"HEADRACE_STATE must be a path of at most {most} bytes, because sockets lie below it, got {given}: "
            f"{folder}. Name a shorter one."
        )


def forget(folder: Path) -> None:
    """Remove the sockets that a local cloud left which was killed."""
    shutil.rmtree(folder / "s", ignore_errors=True)


def place(name: str) -> Path:
    """Return the socket of a name of at most twelve characters; a file that was left there is removed."""
    folder = settings.current().folder / "s"
    credentials.private(folder)
    path = folder / name
    path.unlink(missing_ok=True)
    return path


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("127.0.0.1", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a port."""
        self.sock = _connected(self._path, self.timeout)


class Pool(urllib3.HTTPConnectionPool):
    """Kept connections to a server on a Unix socket."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__("127.0.0.1", **options)
        self._path = path

    def _new_conn(self) -> Any:
        made = _PooledConnection(host=self.host, timeout=self.timeout.connect_timeout)
        made.unix_path = self._path
        return made


class _PooledConnection(urllib3.connection.HTTPConnection):
    unix_path: Path

    def _new_conn(self) -> socket.socket:
        try:
            return _connected(self.unix_path, 2.0)
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, f"no server listens on {self.unix_path}") from error


def _connected(path: Path, timeout: float | None) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout)
        made.connect(str(path))
    except OSError:
        made.close()
        raise
    return made
