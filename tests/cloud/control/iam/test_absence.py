"""S3 tells that something is not there only to those who may list the bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, allow


def code(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture
def bucket(cloud: Cloud, name: str) -> str:
    """A bucket with versions and one object."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="here", Body=b"1")
    return name


READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")


def test_a_missing_object_is_denied_to_who_may_not_list(acting: Callable[..., Any], bucket: str) -> None:
    s3 = acting("s3", allow(*READ))
    assert s3.get_object(Bucket=bucket, Key="here")["Body"].read() == b"1"
    with pytest.raises(ClientError, match=f"s3:ListBucket on resource: arn:aws:s3:::{bucket} because no identity"):
        s3.get_object(Bucket=bucket, Key="gone")
    assert code(s3.get_object, Bucket=bucket, Key="gone") == "AccessDenied"
    assert code(s3.head_object, Bucket=bucket, Key="gone") == "403"
    assert code(s3.get_object, Bucket=bucket, Key="here", VersionId="none") == "AccessDenied"
    assert code(s3.copy_object, Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "gone"}) == "AccessDenied"


def test_who_may_list_is_told(acting: Callable[..., Any], bucket: str) -> None:
    s3 = acting("s3", allow(*READ), allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}"))
    assert code(s3.get_object, Bucket=bucket, Key="gone") == "NoSuchKey"
    assert code(s3.head_object, Bucket=bucket, Key="gone") == "404"


def test_a_right_to_list_a_prefix_is_not_enough(acting: Callable[..., Any], bucket: str) -> None:
    listing = {**allow("s3:ListBucket"), "Condition": {"StringLike": {"s3:prefix": ["mine/*"]}}}
    s3 = acting("s3", allow(*READ), listing)
    assert s3.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 0
    assert code(s3.head_object, Bucket=bucket, Key="mine/gone") == "403"
    assert code(s3.head_bucket, Bucket=bucket) == "403"


def test_a_deleted_object_is_a_missing_one(cloud: Cloud, acting: Callable[..., Any], bucket: str) -> None:
    cloud.client("s3").delete_object(Bucket=bucket, Key="here")
    assert code(acting("s3", allow(*READ)).get_object, Bucket=bucket, Key="here") == "AccessDenied"
    assert code(acting("s3", allow("s3:*")).get_object, Bucket=bucket, Key="here") == "NoSuchKey"


def test_head_bucket_needs_the_right_to_list(acting: Callable[..., Any], bucket: str) -> None:
    assert code(acting("s3", allow(*READ)).head_bucket, Bucket=bucket) == "403"
    acting("s3", allow("s3:ListBucket")).head_bucket(Bucket=bucket)
