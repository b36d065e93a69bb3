"""What is large and seldom changes, in files named by their digest, so that a snapshot writes each of them once."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any


class Bodies:
    """A content-addressed folder: bodies of S3 objects, histories of executions.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: weakref.WeakKeyDictionary[Any, tuple[Hashable, str]] = weakref.WeakKeyDictionary()
        self.used: set[str] = set()

    def keep(self, owner: Any, state: Hashable, body: Callable[[], bytes]) -> str:
        """Write what an owner holds, unless it is there, and return its digest.

        Parameters
        ----------
        owner : object
            Whose body it is.
        state : hashable
            Equal as long as the body is the same.
        body : callable
            Returns the body; asked only where the state is a new one.
        """
        known = self._digests.get(owner)
        digest = known[1] if known and known[0] == state else self._write(body())
        self.known(owner, state, digest)
        return digest

    def known(self, owner: Any, state: Hashable, digest: str) -> None:
        """Remember that the body of an owner in some state is in the folder."""
        self._digests[owner] = (state, digest)
        self.used.add(digest)

    def _write(self, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        path = self._folder / digest
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".new")
            partial.write_bytes(body)
            partial.replace(path)
        return digest

    def read(self, digest: str) -> bytes:
        """Return a body."""
        return (self._folder / digest).read_bytes()

    def sweep(self, used: set[str]) -> None:
        """Remove what the snapshot that was just written does not use."""
        for path in self._folder.glob("*"):
            if path.name not in used:
                path.unlink(missing_ok=True)
