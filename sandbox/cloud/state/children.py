"""Processes that the local cloud started: written down while it runs, ended at the next start if it died."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

import psutil

_FILE = "children.json"
_EVERY_SECONDS = 1.0
_GRACE_SECONDS = 5.0


class Watcher(threading.Thread):
    """Writes down once a second which processes descend from this one, with the time each was created."""

    def __init__(self, folder: Path) -> None:
        super().__init__(name="children", daemon=True)
        self._folder = folder
        self._stopping = threading.Event()
        self._written: list[tuple[int, float]] | None = None

    def run(self) -> None:
        """Write until stopped."""
        while not self._stopping.wait(_EVERY_SECONDS):
            self._write()

    def _write(self) -> None:
        alive = []
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                alive.append((child.pid, child.create_time()))
        if alive != self._written:
            partial = self._folder / f"{_FILE}.new"
            partial.write_text(json.dumps(alive))
            partial.replace(self._folder / _FILE)
            self._written = alive

    def stop(self) -> None:
        """End what is left of the children and forget them."""
        self._stopping.set()
        self.join()
        _end(psutil.Process().children(recursive=True))
        (self._folder / _FILE).unlink(missing_ok=True)


def end_orphans(folder: Path) -> int:
    """End the processes that a local cloud which died left behind, and return how many there were.

    A process is known by its id and its time of creation, so an id that the system gave to another program is safe.
    """
    path = folder / _FILE
    if not path.exists():
        return 0
    left = []
    for pid, created in json.loads(path.read_text()):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(process.create_time() - created) < 0.01:
                left += [process, *process.children(recursive=True)]
    _end(left)
    path.unlink(missing_ok=True)
    return len(left)


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_GRACE_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_GRACE_SECONDS)
