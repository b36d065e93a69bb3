"""Processes that end with the local cloud, and the threads that read what they say."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
CLOSING = threading.Event()  # the local cloud is going down: what ends now did not end by itself
STOP_GRACE = 120.0  # seconds between SIGTERM and SIGKILL, as SageMaker gives


class Process:
    """A running command whose standard output and error go, line by line, to a function.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        Where it runs.
    environment : mapping
        The whole environment; nothing is inherited.
    on_line : callable
        Gets each line without its end, on a thread of its own.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], on_line: Callable[[str], None]
    ) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._on_line = on_line
        self._orders = threading.Lock()  # nothing is written to a pipe that is being closed
        self._reader = threading.Thread(target=self._read, name=f"output of {command[0]}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id of the guard that watches over the command."""
        return self._guard.pid

    def _read(self) -> None:
        """Hand the lines on; once the command is over, close both pipes."""
        assert self._guard.stdout is not None  # noqa: S101 - opened above
        with self._guard.stdout as lines:
            for line in lines:
                self._on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        self._guard.wait()  # only now: the end of standard input would kill a command that closed its output
        assert self._guard.stdin is not None  # noqa: S101 - opened above
        with self._orders, contextlib.suppress(BrokenPipeError):
            self._guard.stdin.close()

    def running(self) -> bool:
        """Say whether the command still runs."""
        return self._guard.poll() is None

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code (128 + number after a signal), or None if it still runs after `timeout` seconds."""
        try:
            code = self._guard.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(timeout=5)
        return code

    def terminate(self) -> None:
        """Ask the command to stop."""
        self._order(b"T")

    def kill(self) -> None:
        """Kill the command and what it started."""
        self._order(b"K")

    def stop(self, grace: float = STOP_GRACE) -> int:
        """Ask it to stop, kill it after `grace` seconds, and return its exit code."""
        self.terminate()
        code = self.wait(grace)
        if code is None:
            self.kill()
            code = self.wait()
        assert code is not None  # noqa: S101 - waited without limit
        return code

    def _order(self, letter: bytes) -> None:
        assert self._guard.stdin is not None  # noqa: S101 - opened above
        with self._orders, contextlib.suppress(BrokenPipeError, ValueError):  # it is over, its pipe closed
            self._guard.stdin.write(letter)
            self._guard.stdin.flush()


def on_stop() -> None:
    """Remember that what ends from now on is ended by the local cloud."""
    CLOSING.set()
