"""The policies that lie on resources: buckets, keys, topics, queues, log groups."""

from __future__ import annotations

import json

from sandbox.cloud.control.iam import encryption


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
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is configured by then

    bucket = s3_backends[account]["aws"].buckets.get(arn.removeprefix("arn:aws:s3:::").partition("/")[0])
    return bucket.policy.decode() if bucket is not None and bucket.policy else None


def _topic(account: str, arn: str) -> str | None:
    from moto.sns.models import sns_backends  # noqa: PLC0415

    topic = sns_backends[account][_region(arn)].topics.get(arn)
    return topic.policy if topic else None


def _queue(account: str, arn: str) -> str | None:
    from moto.sqs.models import sqs_backends  # noqa: PLC0415

    queue = sqs_backends[account][_region(arn)].queues.get(arn.rpartition(":")[2])
    found = queue.policy if queue else None
    return found if found is None or isinstance(found, str) else json.dumps(found)


def _log_groups(account: str, arn: str) -> str | None:
    """Return the account's policies on log groups as one; each names its groups itself."""
    from moto.logs.models import logs_backends  # noqa: PLC0415

    kept = logs_backends[account][_region(arn)].resource_policies.values()
    statements = [json.loads(policy.policy_document)["Statement"] for policy in kept]
    flat = [one for some in statements for one in (some if isinstance(some, list) else [some])]
    return json.dumps({"Version": "2012-10-17", "Statement": flat}) if flat else None


def _region(arn: str) -> str:
    return arn.split(":")[3]


_FINDERS = {
    "kms": encryption.key_policy,
    "logs": _log_groups,
    "s3": _bucket,
    "sns": _topic,
    "sqs": _queue,
}
