"""What is kept of what piles up: the engine writes a log of every command, and each change of it is another engine."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

LOGS = 50
ENGINES = 3
_IN_USE_SECONDS = 86_400.0  # a clone that used an engine since then may be using it now
_DIGEST = re.compile(r"[0-9a-f]{16}")


def use(engine: Path) -> None:
    """Remember that an engine is used."""
    with contextlib.suppress(OSError):  # a cache that belongs to another user is not pruned by this one
        os.utime(engine)


def newest_logs(folder: Path, most: int = LOGS) -> None:
    """Keep a folder's newest files."""
    for file in _by_age(folder)[most:]:
        if file.is_file():
            with contextlib.suppress(OSError):
                file.unlink()


def newest_engines(cache: Path, most: int = ENGINES) -> None:
    """Keep the engines that were used last, and all that were used within a day; each takes some 200 MB."""
    engines = [folder for folder in _by_age(cache) if folder.is_dir() and _DIGEST.fullmatch(folder.name)]
    for engine in engines[most:]:
        if time.time() - engine.stat().st_mtime > _IN_USE_SECONDS:
            aside = engine.rename(engine.with_name(f".building-{engine.name}"))  # half removed, it would look finished
            shutil.rmtree(aside, ignore_errors=True)


def _by_age(folder: Path) -> list[Path]:
    """Return what a folder holds, the newest first."""
    found = []
    for path in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another command prunes, too
            found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]
