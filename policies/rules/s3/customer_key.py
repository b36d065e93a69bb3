"""A bucket encrypts with a customer key, unless it takes access logs: S3 delivers those to SSE-S3 buckets only."""

from collections.abc import Iterator
from typing import Any

from pulumi_policy import PolicyResource

from policies.rule import StackRule, lacks_customer_key
from policies.stack import BUCKET, Stack

SETTINGS = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)


def check(bucket: PolicyResource, stack: Stack) -> Iterator[str]:
    """Yield why the bucket's encryption is not the one that it needs."""
    takes_logs = stack.receives_access_logs(bucket)
    settings = stack.settings_of(bucket, SETTINGS)
    if not settings and not takes_logs:  # S3 itself encrypts every bucket with SSE-S3, so a log bucket needs no more
        yield "the stack has no BucketServerSideEncryptionConfiguration for it"
    for setting in settings:
        rules = setting.props.get("rules") or ()
        if not rules:
            yield f"{setting.name} has no rule"
        for rule in rules:
            default = rule.get("applyServerSideEncryptionByDefault") or {}
            yield from (_log_bucket(setting, default) if takes_logs else _data_bucket(setting, default))


def _data_bucket(setting: PolicyResource, default: Any) -> Iterator[str]:
    if default.get("sseAlgorithm") not in {"aws:kms", "aws:kms:dsse"}:
        yield f"sseAlgorithm of {setting.name} is neither aws:kms nor aws:kms:dsse"
        return
    for reason in lacks_customer_key(default, "kmsMasterKeyId"):
        yield f"in {setting.name}, {reason}"


def _log_bucket(setting: PolicyResource, default: Any) -> Iterator[str]:
    if default.get("sseAlgorithm") != "AES256":
        yield f"it takes access logs, which S3 delivers to AES256 buckets only, and {setting.name} says otherwise"


RULE = StackRule(
    name="s3-customer-key",
    controls=("S3.17",),
    title="Buckets encrypt with a customer key; access-log buckets with SSE-S3",
    types=BUCKET,
    remedy="declare aws.s3.BucketServerSideEncryptionConfiguration for the bucket, with sse_algorithm aws:kms and "
    "kms_master_key_id a key of the stack; AES256 if a BucketLogging sends access logs to it.",
    check=check,
)
