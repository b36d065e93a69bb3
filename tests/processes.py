"""Whether processes that tests saw are still there."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those that have not ended; a zombie has."""
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False
