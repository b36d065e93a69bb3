"""A bucket refuses requests that do not come over TLS."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pulumi_policy import PolicyResource

from policies.rule import StackRule
from policies.stack import BUCKET, Stack

SETTINGS = ("aws:s3/bucketPolicy:BucketPolicy",)


def check(bucket: PolicyResource, stack: Stack) -> Iterator[str]:
    """Yield why a request without TLS could reach the bucket."""
    settings = stack.settings_of(bucket, SETTINGS)
    if not settings:
        yield "the stack has no BucketPolicy for it"
    for setting in settings:
        policy = setting.props.get("policy")
        if isinstance(policy, str):
            try:
                policy = json.loads(policy)
            except ValueError:
                yield f"the policy of {setting.name} is not JSON"
                continue
        statements = _several(policy.get("Statement")) if isinstance(policy, Mapping) else []
        denials = [statement for statement in statements if _denies_everyone_without_tls(statement)]
        if not denials:
            yield f"no statement of {setting.name} denies s3:* to everyone when aws:SecureTransport is false"
        elif not _cover(denials, bucket.props["bucket"]):
            yield f"the statement of {setting.name} that denies does not name both the bucket and its objects"


def _denies_everyone_without_tls(statement: Any) -> bool:
    if not isinstance(statement, Mapping) or statement.get("Effect") != "Deny":
        return False
    principal = statement.get("Principal")
    everyone = principal == "*" or (isinstance(principal, Mapping) and "*" in _several(principal.get("AWS")))
    all_actions = any(action in {"*", "s3:*"} for action in _several(statement.get("Action")))
    return everyone and all_actions and _is_only_insecure_transport(statement.get("Condition"))


def _is_only_insecure_transport(condition: Any) -> bool:
    """Say whether a statement holds for every request without TLS: a second condition would let some through."""
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return False
    operator, test = next(iter(condition.items()))
    if operator not in {"Bool", "BoolIfExists"} or not isinstance(test, Mapping) or len(test) != 1:
        return False
    key, value = next(iter(test.items()))
    return key.lower() == "aws:securetransport" and [str(item).lower() for item in _several(value)] == ["false"]


def _cover(statements: list[Mapping[str, Any]], bucket: str) -> bool:
    """Say whether the statements name the bucket and every object in it."""
    patterns = [
        str(resource).split(":::", 1)[-1]
        for statement in statements
        for resource in _several(statement.get("Resource"))
    ]
    return all(any(fnmatchcase(name, pattern) for pattern in patterns) for name in (bucket, f"{bucket}/*"))


def _several(value: Any) -> list[Any]:
    """Return a policy element, which may be one value or a list, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str | bool | Mapping) else list(value)


RULE = StackRule(
    name="s3-tls-only",
    controls=("S3.5",),
    title="Buckets refuse requests without TLS",
    types=BUCKET,
    remedy="declare aws.s3.BucketPolicy for the bucket, with a Deny of s3:* for Principal * on the bucket and its "
    'objects, whose only condition is Bool aws:SecureTransport "false".',
    check=check,
)
