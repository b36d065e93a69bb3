"""IAM policy statements as plain data: what components hand out, and what roles are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]
"""One element of a policy's ``Statement`` list; values may be Pulumi inputs."""


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    sid: str | None = None,
    principal: Mapping[str, Any] | None = None,
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """Build a statement that allows `actions` on `resources`."""
    return _statement("Allow", actions, resources, Sid=sid, Principal=principal, Condition=condition)


def deny(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    sid: str | None = None,
    principal: Mapping[str, Any] | None = None,
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """Build a statement that denies `actions` on `resources`, whatever else allows them."""
    return _statement("Deny", actions, resources, Sid=sid, Principal=principal, Condition=condition)


def allow_volume_grants(key_arn: pulumi.Input[str]) -> Statement:
    """Build the statement that lets AWS's services, and nobody else, be given the use of a key for volumes."""
    return allow(["kms:CreateGrant"], [key_arn], condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})


def allow_volume_use(key_arn: pulumi.Input[str]) -> list[Statement]:
    """Build the statements that whoever starts instances needs for a key of their volumes."""
    return [allow(["kms:DescribeKey"], [key_arn]), allow_volume_grants(key_arn)]


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Write `statements` as a policy document; the same statements always give the same text."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def _statement(
    effect: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], **optional: object
) -> Statement:
    return {
        "Effect": effect,
        "Action": _one_or_more(sorted(actions)),
        "Resource": _one_or_more(list(resources)),
        **{key: value for key, value in optional.items() if value is not None},
    }


def _one_or_more(values: list[Any]) -> Any:
    """Write a list of one as AWS gives it back: as its element."""
    return values[0] if len(values) == 1 else values
