"""Bucket policies with conditions, write-once keys, and what moto would have got wrong."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, allow


@pytest.fixture
def bucket(cloud: Cloud, name: str) -> str:
    """A bucket."""
    cloud.client("s3").create_bucket(Bucket=name)
    return name


def put_policy(cloud: Cloud, bucket: str, *statements: dict[str, Any]) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Principal": {"AWS": "*"}, **one} for one in statements]}
    cloud.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_a_policy_that_wants_tls_does_not_lock_the_bucket(cloud: Cloud, bucket: str) -> None:
    arn = f"arn:aws:s3:::{bucket}"
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    put_policy(cloud, bucket, {"Effect": "Deny", "Action": "s3:*", "Resource": [arn, f"{arn}/*"], "Condition": tls})
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    s3.delete_bucket_policy(Bucket=bucket)


def test_a_policy_that_wants_encryption_denies_without_it(cloud: Cloud, bucket: str) -> None:
    condition = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*", "Condition": condition}
    put_policy(cloud, bucket, deny)
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", ServerSideEncryption="aws:kms")
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"1", ServerSideEncryption="AES256")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")


def test_write_once_keys(cloud: Cloud, bucket: str) -> None:
    once = f"arn:aws:s3:::{bucket}/packages/*"
    unconditional = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    put_policy(
        cloud,
        bucket,
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": once, "Condition": unconditional},
        {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": once},
    )
    s3 = cloud.client("s3")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="packages/model", Body=b"first")
    s3.put_object(Bucket=bucket, Key="packages/model", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="packages/model", Body=b"second", IfNoneMatch="*")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="packages/model")
    upload = {"Bucket": bucket, "Key": "packages/large"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"first")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    s3.complete_multipart_upload(**upload, MultipartUpload=parts, IfNoneMatch="*")
    s3.put_object(Bucket=bucket, Key="other", Body=b"1")
    objects = [{"Key": "packages/model"}, {"Key": "other"}]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [one["Key"] for one in deleted["Deleted"]] == ["other"]
    assert [(one["Key"], one["Code"]) for one in deleted["Errors"]] == [("packages/model", "AccessDenied")]
    assert s3.get_object(Bucket=bucket, Key="packages/model")["Body"].read() == b"first"


def test_a_bucket_policy_may_let_a_role_in(cloud: Cloud, bucket: str, acting: Callable[..., Any]) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    stranger = acting("s3", allow("s3:ListBucket", resource="arn:aws:s3:::none"))
    with pytest.raises(ClientError, match="s3:GetObject"):
        stranger.get_object(Bucket=bucket, Key="a")
    put_policy(cloud, bucket, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"})
    assert stranger.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


@pytest.mark.parametrize("how", ["computed by the client", "given", "given and named"])
def test_a_checksum_is_kept_and_shown(cloud: Cloud, bucket: str, how: str) -> None:
    s3, body = cloud.client("s3"), b"model"
    checksum = b64encode(hashlib.sha256(body).digest()).decode()
    more = {
        "computed by the client": {"ChecksumAlgorithm": "SHA256"},
        "given": {"ChecksumSHA256": checksum},
        "given and named": {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum},
    }
    assert s3.put_object(Bucket=bucket, Key="a", Body=body, **more[how])["ChecksumSHA256"] == checksum
    assert s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")["ChecksumSHA256"] == checksum


def test_a_wrong_checksum_is_refused(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    with pytest.raises(ClientError, match="The SHA256 you specified did not match"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"model", ChecksumSHA256=b64encode(bytes(32)).decode())
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_bucket_with_objects_or_versions_stays(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    for one in (version, marker):
        s3.delete_object(Bucket=bucket, Key="a", VersionId=one)
    s3.delete_bucket(Bucket=bucket)


def test_deleting_a_part_of_a_bucket_does_not_delete_the_bucket(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    with pytest.raises(ClientError, match="s3 action DeleteBucketMetricsConfiguration"):
        s3.delete_bucket_metrics_configuration(Bucket=bucket, Id="one")
    s3.head_bucket(Bucket=bucket)


def test_events_switched_on_are_said_back(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}


def test_large_bodies_and_odd_keys_come_back(cloud: Cloud, bucket: str) -> None:
    s3, body = cloud.client("s3"), bytes(range(256)) * 40_000
    for key in ("a b/ü+%25", "a//b", "a/b/"):
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"x_y": "1"})
        found = s3.get_object(Bucket=bucket, Key=key)
        assert found["Body"].read() == body
        assert found["Metadata"] == {"x_y": "1"}
