"""The policies that lie on resources: buckets, keys, topics, queues, log groups."""

from __future__ import annotations

import json

from sandbox.cloud.moto import protection, s3


def policy_of(account: str, action: str, resources: tuple[str, ...]) -> str | None:
    """Return the policy of the resource that an action is about, or None where there is none.

    Parameters
    ----------
    account : str
    action : str
        e.g. ``sns:Publish``.
    resources : tuple of str
        The ARNs that the action is judged by.
    """
    find = _FINDERS.get(action.partition(":")[0])
    return find(account, resources[0]) if find and resources else None


def _bucket(account: str, arn: str) -> str | None:
    return s3.policy(account, arn.removeprefix("arn:aws:s3:::").partition("/")[0])


def _log_groups(account: str, arn: str) -> str | None:
    """Return the account's policies on log groups as one; each names its groups itself."""
    statements = [json.loads(document)["Statement"] for document in protection.log_policies(account, arn)]
    flat = [one for some in statements for one in (some if isinstance(some, list) else [some])]
    return json.dumps({"Version": "2012-10-17", "Statement": flat}) if flat else None


_FINDERS = {
    "kms": protection.key_policy,
    "logs": _log_groups,
    "s3": _bucket,
    "sns": protection.topic_policy,
    "sqs": protection.queue_policy,
}
