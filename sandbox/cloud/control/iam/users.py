"""IAM users that call with access keys of their own: who they are, and the policies that they and their groups have."""

from __future__ import annotations

from typing import Any

from sandbox.cloud import settings


def arn_of(access_key: str) -> str | None:
    """Return the ARN of the user whose access key it is, or None where no user has it."""
    key = _iam().access_keys.get(access_key)
    return str(_iam().users[key.user_name].arn) if key is not None else None


def policies(arn: str) -> list[str]:
    """Return the documents of a user's identity policies."""
    name = arn.rsplit("/", 1)[-1]
    user = _iam().users.get(name)
    if user is None:
        return []
    holders = [user, *(group for group in _iam().groups.values() if user in group.users)]
    inline = [document for holder in holders for document in holder.policies.values()]
    return inline + [_default(managed) for holder in holders for managed in holder.managed_policies.values()]


def _default(managed: Any) -> str:
    found = (version for version in managed.versions if version.version_id == managed.default_version_id)
    return str(next(found).document)


def _iam() -> Any:
    from moto.iam.models import iam_backends  # noqa: PLC0415 - moto is configured by then

    return iam_backends[settings.current().account]["aws"]
