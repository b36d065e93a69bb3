"""Digests of data, code and texts, by which what did not change is known."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def digest(*parts: str) -> str:
    """Return the SHA-256 of texts, in hex; where one ends and the next begins counts."""
    found = hashlib.sha256()
    for part in parts:
        body = part.encode()
        found.update(b"%d:" % len(body) + body)
    return found.hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def of_code() -> str:
    """Return the digest of the code that makes tables of raw files: another version may make others."""
    folders = ((_ROOT / "training").rglob("*.py"), (_ROOT / "trial").rglob("*.py"), (_ROOT / "workloads").glob("*.py"))
    files = sorted(file for folder in folders for file in folder)
    return digest(*(f"{file.relative_to(_ROOT)} {of_file(file)}" for file in files))
