"""Progress of a long installation: which part, how far, how long."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

_HEARTBEAT_SECONDS = 30.0  # how often a log that is no terminal hears of a part that takes long
_TICK_SECONDS = 0.5


class Part:
    """One part of an installation, as a context manager: a line that ticks on a terminal, and one line when done.

    Parameters
    ----------
    title : str
        What is being done.
    number, count : int
        This is part `number` of `count`.
    stream : TextIO, optional
        Where the lines go; by default the standard error stream.
    """

    def __init__(self, title: str, number: int, count: int, stream: TextIO | None = None) -> None:
        self._label = f"[{number}/{count}] {title}"
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._note = ""
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def note(self, text: str) -> None:
        """Say how far this part is, e.g. ``312 of 1430 packages``."""
        self._note = text

    def __enter__(self) -> Self:
        """Start the clock and the line."""
        self._began = time.monotonic()
        self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """End the line, with how long the part took."""
        self._ended.set()
        self._ticker.join()
        self._line("done" if kind is None else "stopped", last=True)

    def _tick(self) -> None:
        while not self._ended.wait(_TICK_SECONDS if self._terminal else _HEARTBEAT_SECONDS):
            self._line(self._note or "...", last=False)

    def _line(self, text: str, *, last: bool) -> None:
        line = f"{self._label}: {text}, {time.monotonic() - self._began:.0f} s"
        if self._terminal:
            self._stream.write(f"\r\033[K{line}" + ("\n" if last else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
