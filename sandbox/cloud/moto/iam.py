"""IAM's users and roles with their policies, and STS's sessions, as moto keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.moto import backends


@dataclass(frozen=True)
class Session:
    """A role's session: whose it is, and its credentials."""

    role_arn: str
    arn: str
    access_key: str
    secret: str
    token: str
    expires: datetime


def user_of(access_key: str) -> str | None:
    """Return the ARN of the user whose access key it is, or None where no user has it."""
    key = _iam().access_keys.get(access_key)
    return str(_iam().users[key.user_name].arn) if key is not None else None


def secret_of(access_key: str) -> str | None:
    """Return the secret of a user's access key, or None where no user has it or it was switched off."""
    key = _iam().access_keys.get(access_key)
    return str(key.secret_access_key) if key is not None and key.status == "Active" else None


def user_policies(arn: str) -> list[str]:
    """Return the documents of a user's identity policies: its own and those of its groups."""
    user = _iam().users.get(arn.rsplit("/", 1)[-1])
    if user is None:
        return []
    holders = [user, *(group for group in _iam().groups.values() if user in group.users)]
    inline = [document for holder in holders for document in holder.policies.values()]
    return inline + [_default(managed) for holder in holders for managed in holder.managed_policies.values()]


def role_policies(arn: str) -> list[str]:
    """Return the documents of a role's identity policies; none for a role that is not there."""
    role = _role(arn)
    return [] if role is None else _documents(role)


def boundary(arn: str) -> str | None:
    """Return the permissions boundary of a role, if it has one."""
    role = _role(arn)
    limit = role.permissions_boundary_arn if role is not None else None
    return _default(_iam().managed_policies[limit]) if limit else None


def trust_policy(arn: str) -> Any:
    """Return a role's trust policy, as text or as it was given; None for a role that is not there."""
    role = _role(arn)
    return None if role is None else role.assume_role_policy_document


def rights_by_name(name: str) -> tuple[Any, list[str]] | None:
    """Return the trust policy and the identity policies of the role with a name, or None where there is none."""
    role = next((role for role in _iam().roles.values() if role.name == name), None)
    return None if role is None else (role.assume_role_policy_document, _documents(role))


def roles_with(policy_arn: str) -> Iterable[str]:
    """Return the names of the roles that a managed policy is attached to."""
    return [role.name for role in _iam().roles.values() if policy_arn in role.managed_policies]


def session_of(access_key: str) -> Session | None:
    """Return the session that has an access key, also one that has ended."""
    found = _sts().get_assumed_role_from_access_key(access_key)
    return None if found is None else _session(found)


def assume(role_arn: str, name: str, region: str, seconds: int) -> Session:
    """Make a session of a role, whatever its trust policy says and for as long as is asked for."""
    return _session(
        _sts().assume_role(
            region_name=region,
            role_session_name=name,
            role_arn=role_arn,
            policy="",
            duration=seconds,
            external_id="",
        )
    )


def _session(found: Any) -> Session:
    expires = found.expiration if found.expiration.tzinfo else found.expiration.replace(tzinfo=UTC)
    return Session(
        found.role_arn, found.arn, found.access_key_id, found.secret_access_key, found.session_token, expires
    )


def _role(arn: str) -> Any:
    from moto.iam.exceptions import NotFoundException  # noqa: PLC0415 - moto is configured by then

    try:
        return _iam().get_role_by_arn(arn)
    except NotFoundException:
        return None


def _documents(role: Any) -> list[str]:
    return [*role.policies.values(), *(_default(managed) for managed in role.managed_policies.values())]


def _default(managed: Any) -> str:
    found = (version for version in managed.versions if version.version_id == managed.default_version_id)
    return str(next(found).document)


def _iam() -> Any:
    return backends.of("iam", settings.current().account)


def _sts() -> Any:
    return backends.of("sts", settings.current().account)
