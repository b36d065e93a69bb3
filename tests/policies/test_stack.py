"""Which setting belongs to which bucket, when names are known and when they are not."""

from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_policy.proxy import unknown_checking_proxy

from policies.stack import NotYetKnown, Stack
from tests.policies.harness import UNKNOWN

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LOGGING = "aws:s3/bucketLogging:BucketLogging"


def resource(kind: str, name: str, sources: dict[str, list[Any]] | None = None, **properties: object) -> Any:
    return SimpleNamespace(
        resource_type=kind,
        name=name,
        urn=f"{kind}::{name}",
        props=unknown_checking_proxy(dict(properties)),
        property_dependencies=sources or {},
    )


def owners(setting: Any, *buckets: Any) -> list[str]:
    """Return the buckets that a setting belongs to."""
    stack = Stack([*buckets, setting])
    return [bucket.name for bucket in buckets if stack.settings_of(bucket, [VERSIONING])]


RAW = resource(BUCKET, "raw", bucket="raw-1", arn="arn:aws:s3:::raw-1", s3BucketId=UNKNOWN)
LOGS = resource(BUCKET, "logs", bucket="logs-1", arn=UNKNOWN, s3BucketId=UNKNOWN)
NAMELESS = resource(BUCKET, "nameless", bucket=UNKNOWN)


@pytest.mark.parametrize("value", ["raw-1", "arn:aws:s3:::raw-1"])
def test_a_known_name_decides(value: str) -> None:
    assert owners(resource(VERSIONING, "v", bucket=value), RAW, LOGS) == ["raw"]


def test_a_known_name_of_another_bucket_is_nobody_s_here() -> None:
    assert owners(resource(VERSIONING, "v", bucket="elsewhere"), RAW, LOGS) == []
    assert owners(resource(VERSIONING, "v"), RAW, LOGS) == []


def test_an_unknown_name_is_followed_to_its_one_bucket() -> None:
    assert owners(resource(VERSIONING, "v", {"bucket": [RAW]}, bucket=UNKNOWN), RAW, LOGS) == ["raw"]


def test_an_unknown_name_is_followed_through_other_settings_of_the_bucket() -> None:
    encryption = resource(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "e",
        {"bucket": [LOGS], "rules": [resource("aws:kms/key:Key", "data")]},
    )
    assert owners(resource(VERSIONING, "v", {"bucket": [LOGS, encryption]}, bucket=UNKNOWN), RAW, LOGS) == ["logs"]


def test_an_unknown_name_from_two_buckets_could_be_either_s_and_no_third_s() -> None:
    setting = resource(VERSIONING, "v", {"bucket": [RAW, LOGS]}, bucket=UNKNOWN)
    stack = Stack([RAW, LOGS, NAMELESS, setting])
    for bucket in (RAW, LOGS):
        with pytest.raises(NotYetKnown, match="the bucket of v"):
            stack.settings_of(bucket, [VERSIONING])
    assert stack.settings_of(NAMELESS, [VERSIONING]) == []


def test_a_known_name_could_be_that_of_a_bucket_without_one_yet() -> None:
    with pytest.raises(NotYetKnown, match="the bucket of v"):
        owners(resource(VERSIONING, "v", bucket="raw-1"), NAMELESS)


def test_a_certain_setting_is_enough_beside_a_possible_one() -> None:
    possible = resource(VERSIONING, "possible", bucket=UNKNOWN)
    certain = resource(VERSIONING, "certain", bucket="raw-1")
    assert Stack([RAW, possible, certain]).settings_of(RAW, [VERSIONING]) == [certain]


def test_a_bucket_receives_access_logs_if_another_s_logging_targets_it() -> None:
    stack = Stack([RAW, LOGS, resource(LOGGING, "l", bucket="raw-1", targetBucket="logs-1")])
    assert stack.receives_access_logs(LOGS)
    assert not stack.receives_access_logs(RAW)
