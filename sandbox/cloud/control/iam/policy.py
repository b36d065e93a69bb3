"""IAM's policy language: statements, wildcards, principals. Conditions and variables are `conditions`.

The rules are those of the IAM user guide. An explicit deny wins over every allow. Actions are compared in any case,
ARNs letter by letter.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud.control.iam import conditions
from sandbox.cloud.control.iam.conditions import Context, UnresolvedError, values

ALLOW, DENY = "Allow", "Deny"
_WITH_VARIABLES = "2012-10-17"
Statement = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What is to be judged.

    Attributes
    ----------
    action : str
        e.g. ``s3:PutObject``.
    resources : tuple of str
        ARNs that the action may be judged by, one of which has to match; empty for an action on no resource, which
        only ``*`` matches.
    context : mapping of str to list of str
        Condition keys in lower case.
    principals : tuple of str
        Names under which a resource policy may mean the caller in ``AWS``: the session, its role, the account.
    service : str
        The service principal that calls, e.g. ``events.amazonaws.com``; empty for a role or the account.
    """

    action: str
    resources: tuple[str, ...] = ()
    context: Context = field(default_factory=dict)
    principals: tuple[str, ...] = ()
    service: str = ""


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
        variables, statements = _read(document)
        for statement in statements:
            if by_principal and not _principal_matches(statement, request):
                continue
            if _applies(statement, request, variables):
                if statement["Effect"] == DENY:
                    return DENY
                verdict = ALLOW
    return verdict


@functools.lru_cache(maxsize=512)
def _read(document: str) -> tuple[bool, tuple[Statement, ...]]:
    """Return whether a policy knows variables, which the first version of the language did not, and its statements."""
    policy = json.loads(document)
    found = policy.get("Statement", [])
    return policy.get("Version") == _WITH_VARIABLES, tuple(found if isinstance(found, list) else [found])


def _applies(statement: Statement, request: Request, variables: bool) -> bool:
    return (
        _action_matches(statement, request)
        and _resource_matches(statement, request, variables)
        and conditions.hold(statement.get("Condition", {}), request.context, statement["Effect"], variables)
    )


def _action_matches(statement: Statement, request: Request) -> bool:
    but = "NotAction" in statement
    named = values(statement["NotAction"] if but else statement.get("Action", []))
    found = any(conditions.like(request.action.lower(), name.lower(), {}, False) for name in named)
    return found != but


def _resource_matches(statement: Statement, request: Request, variables: bool) -> bool:
    but = "NotResource" in statement
    patterns = values(statement["NotResource"] if but else statement.get("Resource", "*"))
    resources = request.resources or ("*",)
    if but:
        # each ARN that the action may be judged by has to be another than those that are named
        try:
            return not any(_like(arn, pattern, request, variables) for arn in resources for pattern in patterns)
        except UnresolvedError:
            return bool(statement["Effect"] == DENY)
    return any(_is_like(arn, pattern, request, variables) for arn in resources for pattern in patterns)


def _like(arn: str, pattern: str, request: Request, variables: bool) -> bool:
    return conditions.like(arn, pattern, request.context, variables)


def _is_like(arn: str, pattern: str, request: Request, variables: bool) -> bool:
    try:
        return _like(arn, pattern, request, variables)
    except UnresolvedError:
        return False


def _principal_matches(statement: Statement, request: Request) -> bool:
    if "Principal" in statement:
        return _names(statement["Principal"], request, every=False)
    if "NotPrincipal" not in statement:
        return False
    # "include both the ARN for a role and the ARN for the account": a Deny spares only whom it names in full
    return not _names(statement["NotPrincipal"], request, every=statement["Effect"] == DENY)


def _names(principal: Any, request: Request, *, every: bool) -> bool:
    """Return whether a principal element means the caller: under one of its names, or as itself and as its account."""
    if isinstance(principal, str):
        return principal == "*"
    account = values(principal.get("AWS", []))
    if "*" in account:
        return True
    if request.service:
        return request.service in values(principal.get("Service", []))
    meant = [name in account for name in request.principals]
    if not every or len(meant) <= _ACCOUNT_NAMES:
        return any(meant)
    return any(meant[:-_ACCOUNT_NAMES]) and any(meant[-_ACCOUNT_NAMES:])


_ACCOUNT_NAMES = 2  # the last two of a caller's names: the account's root, and its number
