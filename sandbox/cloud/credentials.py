"""The account's own keys: an id that everybody recognises, and a secret that each local cloud has for itself."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

ACCESS_KEY = "local"  # by which `make` knows a shell that is set up for the local cloud


def secret(folder: Path) -> str:
    """Return the secret key of the cloud whose state lies in a folder; the first who asks makes it.

    It stands in ``folder/secret``, which only its owner may read, and lasts as long as the state.
    """
    file = folder / "secret"
    if not file.exists():
        _make(file)
    return file.read_text("ascii")


def of(folder: Path) -> dict[str, str]:
    """Return the account's keys as the environment variables that AWS's clients read."""
    return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": secret(folder)}


def _make(file: Path) -> None:
    """Write a new secret; of several processes that do so at once, one wins, and the file is whole when it appears."""
    private(file.parent)
    draft = file.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
        written.write(secrets.token_urlsafe(30))
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def private(folder: Path) -> None:
    """Make a folder that only its owner may enter: it holds the keys of roles, and the sockets of servers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
