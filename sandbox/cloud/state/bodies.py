"""Bodies of S3 objects in files named by their digest, so that a snapshot writes each of them once."""

from __future__ import annotations

import hashlib
import weakref
from pathlib import Path
from typing import Any


class Bodies:
    """A content-addressed folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: weakref.WeakKeyDictionary[Any, tuple[Any, str]] = weakref.WeakKeyDictionary()
        self.used: set[str] = set()

    def keep(self, key: Any) -> str:
        """Write an object's body unless it is there, and return its digest."""
        buffer, known = key._value_buffer, self._digests.get(key)
        if known and known[0] == (id(buffer), key.contentsize):
            digest = known[1]
        else:
            digest = self._write(b"" if key.disposed else key.value)
            self.known(key, digest)
        self.used.add(digest)
        return digest

    def known(self, key: Any, digest: str) -> None:
        """Remember the digest of an object's body."""
        self._digests[key] = ((id(key._value_buffer), key.contentsize), digest)

    def forget(self, key: Any) -> None:
        """Forget an object's digest: its body changed."""
        self._digests.pop(key, None)

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

    def sweep(self) -> None:
        """Remove what the snapshot that was just written does not use."""
        for path in self._folder.glob("*"):
            if path.name not in self.used:
                path.unlink(missing_ok=True)
