"""Work that gathers and is done together a little later, on one thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("headrace.router")


class Flusher:
    """Calls a function some seconds after it was woken; sleeps while nothing happens.

    Parameters
    ----------
    seconds : float
        From the first `wake` to the call.
    work : callable
        What it raises is logged, and the next wake-up calls it again.
    name : str
        For the log and the thread.
    """

    def __init__(self, seconds: float, work: Callable[[], None], name: str) -> None:
        self._seconds = seconds
        self._work = work
        self._name = name
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Ask for the work to be done soon; the first call starts the thread."""
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                    self._thread.start()
        self._woken.set()

    def stop(self) -> None:
        """End the thread; what waits is given up, for the server that would take it is going away."""
        self._stopping.set()
        self._woken.set()

    def _loop(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            if self._stopping.wait(self._seconds):
                return
            try:
                self._work()
            except Exception:
                log.exception("%s: not written", self._name)


def every(seconds: float, work: Callable[[], None], name: str) -> Flusher:
    """Return a flusher for a function."""
    return Flusher(seconds, work, name)
