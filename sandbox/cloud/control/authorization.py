"""Who may do what: the identity policies of a role's sessions."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.actions import Call


def role_behind(access_key: str) -> str | None:
    """Return the ARN of the role behind temporary credentials, or None for the account's own keys."""
    from moto.sts.models import sts_backends
    from sandbox.cloud import settings

    found = sts_backends[settings.current().account]["aws"].get_assumed_role_from_access_key(access_key)
    return found.role_arn if found else None


def check(call: Call, environ: dict[str, Any]) -> None:
    pass
