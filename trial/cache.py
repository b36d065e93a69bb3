"""Tables that were computed before, in the user's cache folder, by the digest of all that they were computed from.

A killed run leaves nothing that is later taken for done; a file that cannot be read, because a disk lost a part of it,
is computed again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from machine.files import UNFINISHED, cache_folder, whole

LIMIT = 2 * 1024**3
"""Bytes that the cache may have; the files that were used least recently go first."""
_ABANDONED = 3600.0  # seconds after which what a killed run was writing is removed
_SECONDS = b"headrace.seconds"


@dataclass(frozen=True)
class Kept:
    """A table, and where it is from.

    Attributes
    ----------
    table : pyarrow.Table
    seconds : float
        How long it took to compute, now or then.
    cached : bool
        Whether it was computed by an earlier run.
    """

    table: pa.Table
    seconds: float
    cached: bool


class Cache:
    """Tables by key.

    Parameters
    ----------
    at : Path, optional
        The folder, by default ``try`` in the user's cache. It is its owner's alone: what lies in it are people's data.
    limit : int
        Bytes that it may have.

    Attributes
    ----------
    problem : str
        Why nothing can be kept, such as a full disk; empty where all goes well. The run goes on without.
    """

    def __init__(self, at: Path | None = None, limit: int = LIMIT) -> None:
        self.at = at or cache_folder("try")
        self.limit = limit
        self.problem = ""

    def table(self, key: str, compute: Callable[[], pa.Table]) -> Kept:
        """Return the table of a key, computed if there is none."""
        path = self.at / f"{key}.parquet"
        found = _read(path)
        if found is not None:
            return found
        began = time.perf_counter()
        table = compute()
        took = time.perf_counter() - began
        self._write(path, table, took)
        return Kept(table, took, cached=False)

    def content(self, name: str, read: Callable[[], bytes]) -> bytes:
        """Return the content that is kept under a name, read if there is none."""
        path = self.at / name
        try:
            found = path.read_bytes()
            os.utime(path)
        except OSError:
            found = read()
            try:
                with whole(path) as unfinished:
                    unfinished.write_bytes(found)
            except OSError as error:
                self.problem = str(error)
        return found

    def _write(self, path: Path, table: pa.Table, seconds: float) -> None:
        marked = table.replace_schema_metadata({**(table.schema.metadata or {}), _SECONDS: repr(seconds).encode()})
        try:
            with whole(path) as unfinished:
                pq.write_table(marked, unfinished, compression="lz4")
        except (OSError, pa.ArrowException) as error:  # also a type that Parquet does not know
            self.problem = str(error)

    def prune(self) -> None:
        """Remove what was used least recently until the rest is within the limit, and what killed runs left."""
        files = []
        for path in self.at.rglob("*") if self.at.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # another run prunes too
                known = path.stat()
                if path.name.startswith(UNFINISHED):
                    if time.time() - known.st_mtime > _ABANDONED:
                        path.unlink(missing_ok=True)
                elif path.is_file():
                    files.append((known.st_mtime, known.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                break
            path.unlink(missing_ok=True)
            total -= size


def _read(path: Path) -> Kept | None:
    try:
        table = pq.ParquetFile(path).read()
        os.utime(path)  # used now: pruned last
    except (OSError, pa.ArrowException):
        return None
    metadata = dict(table.schema.metadata or {})
    seconds = float(metadata.pop(_SECONDS, b"0"))
    return Kept(table.replace_schema_metadata(metadata or None), seconds, cached=True)
