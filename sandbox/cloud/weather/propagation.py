"""Rights that are not in force yet: roles and policies are judged as they were some seconds ago."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.moto import iam, protection, s3
from sandbox.cloud.weather import sky

SECONDS = 10.0
_LOCK = threading.Lock()
_BEFORE: dict[tuple[str, str], list[tuple[float, Any]]] = {}  # by kind and name: until when, and what it was
_WITH_POLICY = {"CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"}


@dataclass(frozen=True)
class _Role:
    trust: str
    policies: tuple[str, ...]


def changing(service: str, action: str, params: Params) -> None:
    """Remember the rights that a change is about to change."""
    if service == "iam":
        for name in _roles(action, params):
            _remember("role", name, _role(name))
    elif (service, action) == ("kms", "PutKeyPolicy"):
        key = str(params["KeyId"]).rpartition("/")[2]
        _remember("key", key, _key_policy(key))
    elif service == "s3" and action in ("PutBucketPolicy", "DeleteBucketPolicy"):
        _remember("bucket", params["Bucket"], _bucket_policy(params["Bucket"]))


def policies(role_arn: str, now: Callable[[str], list[str]]) -> list[str]:
    """Return the documents that are in force for a role; `now` tells those that it has."""
    if sky.current() is None:
        return now(role_arn)
    was = _was("role", _name(role_arn), None)
    if was is None:
        return now(role_arn)
    return list(was[0].policies) if was[0] else []


def resource_policy(resource: str, now: str | None) -> str | None:
    """Return the policy that is in force for an object's or a key's ARN; `now` is the one that it has."""
    if sky.current() is None:
        return now
    kind, name = "key", _name(resource)
    if resource.startswith("arn:aws:s3:::"):
        kind, name = "bucket", resource.removeprefix("arn:aws:s3:::").partition("/")[0]
    was = _was(kind, name, None)
    return now if was is None else was[0]


def trust(role_arn: str, now: Any) -> Any:
    """Return the trust policy that is in force for a role, None if the role is not yet known everywhere."""
    if sky.current() is None:
        return now
    was = _was("role", _name(role_arn), None)
    if was is None:
        return now
    return was[0].trust if was[0] else None


def hold_assumption(weather: sky.Sky, role_arn: str) -> None:
    """Refuse to assume a role that was just made.

    Raises
    ------
    AwsError
        AccessDenied.
    """
    if trust(role_arn, "known") is None:
        weather.tell("too early", f"to assume {_name(role_arn)}")
        account = settings.current().account
        raise AwsError(
            "AccessDenied",
            f"User: arn:aws:iam::{account}:root is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            403,
        )


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _remember(kind: str, name: str, was: Any) -> None:
    with _LOCK:
        _BEFORE.setdefault((kind, name), []).append((time.monotonic(), was))


def _was(kind: str, name: str, at: float | None) -> tuple[Any] | None:
    """Return, as a tuple of one, what was in force `SECONDS` ago, or None where that is what is now."""
    since = (time.monotonic() if at is None else at) - SECONDS
    with _LOCK:
        kept = _BEFORE.get((kind, name), [])
        kept[:] = [(until, was) for until, was in kept if until > since]
        return (kept[0][1],) if kept else None


def _roles(action: str, params: Params) -> Iterable[str]:
    if "RoleName" in params and not action.startswith(("Tag", "Untag", "Get", "List")):
        return [params["RoleName"]]
    return iam.roles_with(params["PolicyArn"]) if action in _WITH_POLICY else []


def _role(name: str) -> _Role | None:
    found = iam.rights_by_name(name)
    return None if found is None else _Role(found[0], tuple(found[1]))


def _key_policy(key: str) -> str | None:
    at = settings.current()
    return protection.key_policy(at.account, f"arn:aws:kms:{at.region}:{at.account}:key/{key}")


def _bucket_policy(name: str) -> str | None:
    return s3.policy(settings.current().account, name)
