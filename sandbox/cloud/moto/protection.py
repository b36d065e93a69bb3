"""The policies and the keys of topics, queues, tables and log groups, and KMS's keys, as moto keeps them."""

from __future__ import annotations

import json

from sandbox.cloud.moto import backends


def topic_policy(account: str, arn: str) -> str | None:
    """Return a topic's policy, or None where it or the topic is not there."""
    topic = backends.of("sns", account, _region(arn)).topics.get(arn)
    return topic.policy if topic else None


def queue_policy(account: str, arn: str) -> str | None:
    """Return a queue's policy, or None where it or the queue is not there."""
    queue = backends.of("sqs", account, _region(arn)).queues.get(arn.rpartition(":")[2])
    found = queue.policy if queue else None
    return found if found is None or isinstance(found, str) else json.dumps(found)


def log_policies(account: str, arn: str) -> list[str]:
    """Return the account's policies on log groups, in the region of an ARN."""
    kept = backends.of("logs", account, _region(arn)).resource_policies.values()
    return [policy.policy_document for policy in kept]


def topic_key(account: str, arn: str) -> str | None:
    """Return the name of the key that a topic is encrypted with."""
    topic = backends.of("sns", account, _region(arn)).topics.get(arn)
    return topic.kms_master_key_id if topic else None


def queue_key(account: str, arn: str) -> str | None:
    """Return the name of the key that a queue is encrypted with."""
    queue = backends.of("sqs", account, _region(arn)).queues.get(arn.rpartition(":")[2])
    return queue.kms_master_key_id if queue else None


def table_key(account: str, arn: str) -> str | None:
    """Return the name of the key that a table is encrypted with."""
    table = backends.of("dynamodb", account, _region(arn)).tables.get(arn.rpartition(":")[2].partition("/")[2])
    return (getattr(table, "sse_specification", None) or {}).get("KMSMasterKeyId") if table else None


def key_id(account: str, region: str, name: str) -> str | None:
    """Return the id of a key for any of its names, or None where nothing has the name."""
    found: str | None = backends.of("kms", account, region).any_id_to_key_id(name)
    return found


def key_policy(account: str, arn: str) -> str | None:
    """Return a key's policy, or None for a key that does not exist."""
    found = backends.of("kms", account, _region(arn)).keys.get(arn.rpartition("/")[2]) if _region(arn) else None
    return found.policy if found else None


def is_of_aws(account: str, arn: str) -> bool:
    """Return whether a key is one that AWS manages, whose policy lets in everybody who comes through its service."""
    key = backends.of("kms", account, _region(arn)).keys.get(arn.rpartition("/")[2])
    return key is not None and any(alias.startswith("alias/aws/") for alias in key.aliases)


def _region(arn: str) -> str:
    return arn.split(":")[3]
