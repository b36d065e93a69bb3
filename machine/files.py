"""Files that are there whole or not at all, and where those lie that may be removed at any time."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

UNFINISHED = ".writing-"
"""How the names begin of what is being written, or was when its writer was killed."""


def cache_folder(name: str) -> Path:
    """Return a folder of the user's cache: ``headrace/<name>`` in XDG_CACHE_HOME, by default below ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headrace" / name


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield where to write a file that takes its place once it is written, and on the disk; if that fails, it goes.

    It is its owner's alone, and so is the folder, which is made if it is not there.

    Parameters
    ----------
    path : Path
        Its place. What lies there already is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    unfinished = Path(name)
    try:
        yield unfinished
        os.fsync(handle)  # a rename may reach the disk before what was written does
        unfinished.replace(path)
    finally:
        os.close(handle)
        unfinished.unlink(missing_ok=True)
