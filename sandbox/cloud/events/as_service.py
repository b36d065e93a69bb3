"""What a service may do as itself: the resource's own policy decides, and the policy of the key it is encrypted with.

The condition keys are those that AWS's pages print for each service, and no others.
"""

from __future__ import annotations

from sandbox.cloud import settings
from sandbox.cloud.control.iam import authorization, encryption
from sandbox.cloud.control.iam.request_context import Context

_CLOUDWATCH = "cloudwatch.amazonaws.com"
# What lets a topic's or a queue's service use a key for whoever sends.
_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


def refusal(principal: str, action: str, arn: str, source_arn: str) -> str | None:
    """Return why a service may not do something as itself, or None where it may.

    Parameters
    ----------
    principal : str
        The service.
    action, arn : str
        What it does, on which resource.
    source_arn : str
        The rule or the alarm that it does it for.
    """
    if not authorization.service_may(principal, action, arn, _context(principal, action, source_arn)):
        return f"the policy of {arn} does not let {principal} do {action} for {source_arn}"
    key = encryption.key_of(settings.current().account, arn)
    if key is None:
        return None
    # SNS guide, key management: EventBridge sends a key no aws:SourceAccount and no aws:SourceArn; of SNS itself no
    # page says that it does
    context = _sources(source_arn) if principal == _CLOUDWATCH else {}
    for used in _KEY_ACTIONS:
        if not authorization.service_may(principal, used, key, context):
            return f"the policy of {key}, which {arn} is encrypted with, does not let {principal} do {used}"
    return None


def _context(principal: str, action: str, source_arn: str) -> Context:
    if principal == _CLOUDWATCH:
        # aws:SourceOwner stands in the policy that a topic is born with
        return {**_sources(source_arn), "aws:sourceowner": [settings.current().account]}
    if action == "logs:CreateLogStream":
        # EventBridge guide, resource-based policies: the printed statement for CreateLogStream has no condition
        return {}
    if action == "sns:Publish":
        # the same page prints a topic's policy without, and long said that conditions are not supported there
        return {}
    return _sources(source_arn)


def _sources(source_arn: str) -> Context:
    return {"aws:sourceaccount": [settings.current().account], "aws:sourcearn": [source_arn]}
