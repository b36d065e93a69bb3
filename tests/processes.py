"""How processes are started, and whether those that tests saw are still there."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import psutil

_STARTER = "import os, signal, sys; signal.signal(signal.SIGINT, signal.{}); os.execvp(sys.argv[1], sys.argv[1:])"


def inheriting(disposition: str, command: list[str]) -> list[str]:
    """Return a command line that starts a command with SIGINT ignored (SIG_IGN) or not (SIG_DFL)."""
    return [sys.executable, "-c", _STARTER.format(disposition), *command]


def running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those that have not ended; a zombie has."""
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False
