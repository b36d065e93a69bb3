"""IAM's policy language: statements, wildcards, policy variables, conditions.

The rules are those of the IAM user guide: an explicit deny wins, a key that a request does not carry makes a condition
false unless its operator is negated, ends in IfExists, or is Null.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp

Context = Mapping[str, list[str]]  # condition keys in lower case
ALLOW, DENY = "Allow", "Deny"
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Request:
    """What is to be judged.

    Attributes
    ----------
    action : str
        e.g. ``s3:PutObject``.
    resources : tuple of str
        ARNs that the action may be judged by; empty where it has none that can be derived, which every Resource of an
        Allow then matches and only ``*`` of a Deny.
    context : mapping of str to list of str
        Condition keys in lower case.
    principals : tuple of str
        Names under which a resource policy may mean the caller.
    """

    action: str
    resources: tuple[str, ...] = ()
    context: Context = field(default_factory=dict)
    principals: tuple[str, ...] = ()


def decide(documents: Iterable[str], request: Request, by_principal: bool = False) -> str | None:
    """Return Deny, Allow, or None where no statement applies.

    Parameters
    ----------
    documents : iterable of str
        Policies as JSON.
    request : Request
    by_principal : bool
        Whether the documents are resource policies, whose statements name principals.
    """
    verdict = None
    for document in documents:
        for statement in _statements(document):
            if by_principal and not _principal_matches(statement, request):
                continue
            if _applies(statement, request):
                if statement["Effect"] == DENY:
                    return DENY
                verdict = ALLOW
    return verdict


@functools.lru_cache(maxsize=512)
def _statements(document: str) -> tuple[dict[str, Any], ...]:
    return tuple(_list(json.loads(document).get("Statement", [])))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _applies(statement: dict[str, Any], request: Request) -> bool:
    return (
        _action_matches(statement, request)
        and _resource_matches(statement, request)
        and _conditions(statement, request)
    )


def _action_matches(statement: dict[str, Any], request: Request) -> bool:
    if "NotAction" in statement:
        return not any(_like(request.action.lower(), name.lower()) for name in _list(statement["NotAction"]))
    return any(_like(request.action.lower(), name.lower()) for name in _list(statement.get("Action", [])))


def _resource_matches(statement: dict[str, Any], request: Request) -> bool:
    if "NotResource" in statement:
        patterns = [_filled(pattern, request.context) for pattern in _list(statement["NotResource"])]
        return not any(_like(arn, pattern) for arn in request.resources for pattern in patterns)
    patterns = [_filled(pattern, request.context) for pattern in _list(statement.get("Resource", "*"))]
    if not request.resources:
        return statement["Effect"] == ALLOW or "*" in patterns
    return any(_like(arn, pattern) for arn in request.resources for pattern in patterns)


def _principal_matches(statement: dict[str, Any], request: Request) -> bool:
    named = statement.get("Principal", statement.get("NotPrincipal"))
    names = [named] if isinstance(named, str) else _list((named or {}).get("AWS", []))
    meant = any(name == "*" or name in request.principals for name in names)
    return meant if "Principal" in statement else not meant


def _filled(pattern: str, context: Context) -> str:
    """Put policy variables in; one that the request does not carry matches nothing."""

    def value(found: re.Match[str]) -> str:
        name, _, default = found.group(1).partition(",")
        if name.strip() in ("*", "?", "$"):
            return name.strip()
        values = context.get(name.strip().lower())
        return values[0] if values else default.strip().strip("'") or "\0"

    return _VARIABLE.sub(value, pattern)


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in pattern), re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


def _conditions(statement: dict[str, Any], request: Request) -> bool:
    return all(
        _condition(operator, key, [str(v) for v in _list(_plain(expected))], request.context)
        for operator, wanted in statement.get("Condition", {}).items()
        for key, expected in wanted.items()
    )


def _plain(value: Any) -> Any:
    """Write JSON's booleans as policies compare them."""
    if isinstance(value, bool):
        return str(value).lower()
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _condition(operator: str, key: str, expected: list[str], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    actual = context.get(key.lower())
    if name == "Null":
        return (actual is None) == (expected[0].lower() == "true")
    if actual is None or (quantifier and not actual):
        return if_exists or quantifier == "ForAllValues" or (not quantifier and "Not" in name)
    negated = "Not" in name
    base = name.replace("Not", "")
    wanted = [_filled(value, context) for value in expected]

    def holds(value: str) -> bool:
        return any(_compare(base, value, one) for one in wanted) != negated

    return (
        all(map(holds, actual))
        if quantifier == "ForAllValues" or (negated and not quantifier)
        else any(map(holds, actual))
    )


def _compare(operator: str, value: str, wanted: str) -> bool:  # noqa: PLR0911 - one line an operator
    if operator in ("StringEquals", "BinaryEquals"):
        return value == wanted
    if operator == "StringEqualsIgnoreCase":
        return value.lower() == wanted.lower()
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return _like(value, wanted)
    if operator == "Bool":
        return value.lower() == wanted.lower()
    if operator == "IpAddress":
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    if operator.startswith("Numeric"):
        return _ordered(operator.removeprefix("Numeric"), float(value), float(wanted))
    if operator.startswith("Date"):
        return _ordered(operator.removeprefix("Date"), _time(value), _time(wanted))
    raise ValueError(f"policies know no condition operator {operator!r}")


def _ordered(relation: str, value: Any, wanted: Any) -> bool:
    return bool(
        {
            "Equals": value == wanted,
            "LessThan": value < wanted,
            "LessThanEquals": value <= wanted,
            "GreaterThan": value > wanted,
            "GreaterThanEquals": value >= wanted,
        }[relation]
    )


def _time(value: str) -> datetime:
    parsed: datetime = parse_timestamp(float(value) if value.isdigit() else value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
