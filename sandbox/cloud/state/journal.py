"""Work that began since the last snapshot: written at once, so that no job is forgotten by a process that is killed.

Only beginnings are written, those of a pipeline's steps too. After a restart such a job is Failed, although it may have
ended: what it made may not have come into the snapshot.
"""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = tuple[str, str, dict[str, Any]]  # a kind of record, its name, the record


class Journal:
    """Entries in a file, until a snapshot holds them.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "begun.pickles"
        self._before = folder / "begun-before.pickles"
        self._lock = threading.Lock()

    def add(self, kind: str, name: str, record: dict[str, Any]) -> None:
        """Write an entry."""
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(pickle.dumps((kind, name, record)))

    def turn(self) -> None:
        """Begin a new file: what is in the last one comes into the snapshot that is about to be made."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            if self._before.exists():  # the last snapshot failed
                with self._before.open("ab") as before:
                    before.write(self._file.read_bytes())
                self._file.unlink()
            else:
                self._file.rename(self._before)

    def forget(self) -> None:
        """Forget what came into the snapshot that was made."""
        self._before.unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """Return what no snapshot holds for certain; an entry that was half written is left out."""
        for path in (self._before, self._file):
            if not path.exists():
                continue
            with path.open("rb") as file, contextlib.suppress(EOFError, pickle.UnpicklingError):
                while True:
                    yield pickle.load(file)  # noqa: S301 - our own file
