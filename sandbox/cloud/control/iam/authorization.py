"""Who may do what: the policies of role sessions and their boundaries, of resources, and the passing of roles.

The account's own keys ("local") are an administrator's: only a resource policy's explicit deny stops them. Services act
as a role that they were given, or as themselves where a resource's policy lets them (`service_may`).
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call
from sandbox.cloud.control.iam import absence, decisions, encryption, policy
from sandbox.cloud.control.iam.policy import ALLOW, DENY, Request
from sandbox.cloud.control.iam.request_context import Context, context_of
from sandbox.cloud.control.iam.resource_policies import policy_of
from sandbox.cloud.control.iam.resources import needs
from sandbox.cloud.moto import iam
from sandbox.cloud.weather import propagation

_PASSED_TO = {
    "codebuild": "codebuild.amazonaws.com",
    "events": "events.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "stepfunctions": "states.amazonaws.com",
}
_ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
_ROLE_MEMBERS = {"RoleArn", "ExecutionRoleArn", "roleArn", "serviceRole"}
_ERRORS_WITHOUT_EXCEPTION = {"s3", "s3control", "iam", "sts", "sns", "cloudwatch", "ec2"}


@dataclass(frozen=True)
class Session:
    """Temporary credentials: the role behind them, and the ARN that messages name; an IAM user's are its own."""

    role_arn: str
    arn: str


@dataclass(frozen=True)
class Caller:
    """Who makes the request that this thread answers, and the condition keys that the request carries."""

    session: Session | None
    context: Context
    service: str


_caller: contextvars.ContextVar[Caller | None] = contextvars.ContextVar("caller", default=None)


def session_of(access_key: str) -> Session | None:
    """Return the session that an access key belongs to, or None for the account's own keys."""
    if not access_key.startswith("ASIA"):
        user = iam.user_of(access_key)
        return Session(user, user) if user else None
    found = iam.session_of(access_key)
    return Session(found.role_arn, found.arn) if found else None


def check(call: Call, environ: dict[str, Any], session: Session | None) -> None:
    """Refuse a call that the caller's policies, or a bucket's, do not let through.

    Raises
    ------
    AwsError
        In AWS's words: who, which action, which resource, and why.
    """
    caller = Caller(session, context_of(call, environ, session.role_arn if session else None), call.service)
    _caller.set(caller)
    for action, resources in needs(call):
        if action in _ALWAYS_ALLOWED:
            continue
        _judge(caller, action, resources)
    if session:
        if bucket := absence.missing_in(call):
            _judge(caller, "s3:ListBucket", (bucket,))
        for action, key, conditions in encryption.uses(call):
            _judge(Caller(session, {**caller.context, **conditions}, call.service), action, (key,))
        for role in _passed_roles(call.params) if call.service != "sts" else ():
            context = {**caller.context, "iam:passedtoservice": [_PASSED_TO.get(call.service, "")]}
            _judge(Caller(session, context, call.service), "iam:PassRole", (role,))


def require(session: Session, service: str, action: str, resources: tuple[str, ...], context: Context) -> None:
    """Refuse what a service does with a role's session past the local cloud's entrance, such as a look at a key.

    Raises
    ------
    AwsError
        As for a call that the role makes itself.
    """
    known: Context = {
        "aws:principalarn": [session.role_arn],
        "aws:principaltype": ["AssumedRole"],
        "aws:securetransport": ["true"],
        "kms:calleraccount": [settings.current().account],
    }
    _judge(Caller(session, {**known, **context}, service), action, resources)


def caller_session() -> Session | None:
    """Return the session of the request that this thread answers; None for the account's own keys."""
    caller = _caller.get()
    return caller.session if caller else None


def service_may(principal: str, action: str, resource: str, context: Context) -> bool:
    """Return whether a resource's policy lets a service act as itself.

    Parameters
    ----------
    principal : str
        e.g. ``cloudwatch.amazonaws.com``.
    action, resource : str
    context : dict
        The condition keys that AWS documents for this service, in lower case, and no others.
    """
    account = settings.current().account
    known = {"aws:securetransport": ["true"], "aws:principalisawsservice": ["true"]}
    keys = {**known, **context}
    request = Request(action, (resource,), keys, service=principal)
    document = policy_of(account, action, (resource,))
    allowed = bool(document) and policy.decide([document or ""], request, by_principal=True) == ALLOW
    decisions.record(principal, action, (resource,), keys, allowed)
    return allowed


def trusted_by(document: str, role_arn: str) -> bool:
    """Return whether a role's trust policy lets the caller of the request in hand assume it."""
    caller = _caller.get()
    if caller is None or caller.session is None:
        return True
    account = settings.current().account
    names = (caller.session.arn, caller.session.role_arn, f"arn:aws:iam::{account}:root", account)
    request = Request("sts:AssumeRole", (role_arn,), caller.context, names)
    return policy.decide([document], request, by_principal=True) == ALLOW


def caller_arn() -> str:
    """Return the ARN by which messages name the caller of the request in hand."""
    caller = _caller.get()
    return _who(caller.session if caller else None)


def bucket_denies(action: str, resource: str) -> bool:
    """Return whether the caller of the request in hand is refused an action on an object: moto asks for each key."""
    return not caller_may(action, resource)


def caller_may(action: str, resource: str) -> bool:
    """Return whether the caller of the request in hand may do something else too."""
    caller = _caller.get()
    if caller is None:
        return True
    try:
        _judge(caller, action, (resource,))
    except AwsError:
        return False
    return True


def _judge(caller: Caller, action: str, resources: tuple[str, ...]) -> None:
    refusal = _refusal(caller, action, resources)
    if caller.session:
        decisions.record(caller.session.role_arn, action, resources, caller.context, refusal is None)
    if refusal:
        raise _denied(caller, action, resources, refusal)


def _refusal(caller: Caller, action: str, resources: tuple[str, ...]) -> str | None:
    """Return why a caller may not do something, in AWS's words, or None where it may."""
    account = settings.current().account
    session = caller.session
    names = (session.arn, session.role_arn) if session else ()
    root = f"arn:aws:iam::{account}:root"
    request = Request(action, resources, caller.context, (*names, root, account))
    held = propagation.policies(session.role_arn, _identity_policies) if session else []
    identity = policy.decide(held, request) if session else ALLOW
    boundary = _boundary(session.role_arn) if session else None
    limit = policy.decide([boundary], request) if boundary else ALLOW
    document = policy_of(account, action, resources)
    document = propagation.resource_policy(resources[0], document) if resources else document
    resource = policy.decide([document], request, by_principal=True) if document else None
    for kind, verdict in (("identity-based", identity), ("resource-based", resource)):
        if verdict == DENY:
            return f"with an explicit deny in {_an(kind)} policy"
    if limit != ALLOW:
        # stricter than AWS, where a resource policy that names the session passes the boundary by
        how = "with an explicit deny in a" if limit == DENY else "because no"
        return f"{how} permissions boundary" + ("" if limit == DENY else f" allows the {action} action")
    if document and session:
        if action.startswith("kms:") and resource != ALLOW:
            return f"because no resource-based policy allows the {action} action"
        # what a policy allows the account's root, the account gives to its roles by their own policies
        resource = policy.decide([document], replace(request, principals=names), by_principal=True)
    if ALLOW not in (identity, resource):
        return f"because no identity-based policy allows the {action} action"
    return None


def _who(session: Session | None) -> str:
    return session.arn if session else f"arn:aws:iam::{settings.current().account}:root"


def _an(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _denied(caller: Caller, action: str, resources: tuple[str, ...], why: str) -> AwsError:
    who = _who(caller.session)
    on = resources[0] if resources else "*"
    message = f"User: {who} is not authorized to perform: {action} on resource: {on} {why}"
    if caller.service in _ERRORS_WITHOUT_EXCEPTION:
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 400)


def _identity_policies(arn: str) -> list[str]:
    return iam.user_policies(arn) if ":user/" in arn else iam.role_policies(arn)


def _boundary(arn: str) -> str | None:
    """Return the permissions boundary of a role, if it has one."""
    return None if ":user/" in arn else iam.boundary(arn)


def _passed_roles(params: Any) -> Iterable[str]:
    """Return every role that a request hands to a service, wherever it stands in it."""
    if isinstance(params, dict):
        for member, value in params.items():
            if member in _ROLE_MEMBERS and isinstance(value, str) and ":role/" in value:
                yield value
            else:
                yield from _passed_roles(value)
    elif isinstance(params, list):
        for value in params:
            yield from _passed_roles(value)
