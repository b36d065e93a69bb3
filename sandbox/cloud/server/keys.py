"""Whose secret an access key has: the account's own, a role's session or an IAM user's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox.cloud import credentials
from sandbox.cloud.moto import iam
from sandbox.cloud.settings import Settings


@dataclass(frozen=True)
class Key:
    """An access key that exists.

    Attributes
    ----------
    secret : str
    token : str or None
        The session token that must come with it; None for lasting keys.
    expires : datetime or None
        When a session ends.
    """

    secret: str
    token: str | None = None
    expires: datetime | None = None


class Keys:
    """The keys of one local cloud."""

    def __init__(self, settings: Settings) -> None:
        self._own = Key(credentials.secret(settings.folder))
        self._sessions: dict[str, Key] = {}  # moto keeps a list, which grows with every job

    def find(self, access_key: str) -> Key | None:
        """Return a key, or None where nobody has it or it was switched off."""
        if access_key == credentials.ACCESS_KEY:
            return self._own
        return self._session(access_key) if access_key.startswith("ASIA") else self._of_user(access_key)

    def _session(self, access_key: str) -> Key | None:
        if access_key not in self._sessions:
            found = iam.session_of(access_key)
            if found is None:
                return None
            self._sessions[access_key] = Key(found.secret, found.token, found.expires)
        return self._sessions[access_key]

    def _of_user(self, access_key: str) -> Key | None:
        secret = iam.secret_of(access_key)
        return Key(secret) if secret is not None else None
