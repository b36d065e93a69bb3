"""Locks that a killed pulumi left in the local backend: each names its process, and one that is gone holds nothing."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path


def release_dead(backend: Path) -> list[Path]:
    """Remove the locks of processes of this machine that no longer run; return them.

    Parameters
    ----------
    backend : Path
        The folder of PULUMI_BACKEND_URL.
    """
    removed = []
    for file in backend.glob(".pulumi/locks/**/*.json"):
        try:
            lock = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # it is just being written or removed
        if lock.get("hostname") == socket.gethostname() and not _runs(int(lock["pid"])):
            file.unlink(missing_ok=True)
            removed.append(file)
    return removed


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
