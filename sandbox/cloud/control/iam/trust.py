"""Whether a role may be assumed: its trust policy, judged with exactly the keys that AWS documents for the use."""

from __future__ import annotations

import json

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam import authorization, decisions, policy
from sandbox.cloud.control.iam.policy import ALLOW, Request
from sandbox.cloud.control.iam.service_uses import Use
from sandbox.cloud.moto import iam
from sandbox.cloud.weather import propagation

_ASSUME = "sts:AssumeRole"


def trusts(role_arn: str, use: Use, name: str) -> bool:
    """Return whether a role exists and a service may assume it.

    Parameters
    ----------
    role_arn : str
    use : Use
        What the service wants the role for.
    name : str
        The resource on whose behalf, as the use's ``aws:SourceArn`` names it.
    """
    document = _trust_policy(role_arn)
    if document is None:
        return False
    at = settings.current()
    context = {"aws:principalisawsservice": ["true"], **use.context(at.account, at.region, name)}
    request = Request(_ASSUME, (role_arn,), context, service=use.principal)
    allowed = policy.decide([document], request, by_principal=True) == ALLOW
    decisions.record(use.principal, _ASSUME, (role_arn,), context, allowed)
    return allowed


def _trust_policy(role_arn: str) -> str | None:
    written = iam.trust_policy(role_arn)
    document = None if written is None else propagation.trust(role_arn, written)
    return document if document is None or isinstance(document, str) else json.dumps(document)


@handles("sts", "AssumeRole")
def _assume(call: Call) -> Params:
    """Let a role assume only a role that trusts it; the account's own keys may assume any."""
    role_arn = call.params["RoleArn"]
    if call.role_arn is not None:
        document = _trust_policy(role_arn)
        if document is None or not authorization.trusted_by(document, role_arn):
            who = authorization.caller_arn()
            raise AwsError(
                "AccessDenied", f"User: {who} is not authorized to perform: {_ASSUME} on resource: {role_arn}", 403
            )
    return call.forward()
