"""Objects under a customer's key: what a role may do with the key decides what it may do with the object."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, allow

ROOT = "arn:aws:iam::000000000000:root"


@pytest.fixture
def key(cloud: Cloud, name: str) -> str:
    """The ARN of the key that a new bucket's objects are under by default."""
    arn = str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
    cloud.client("s3").create_bucket(Bucket=name)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    cloud.client("s3").put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": [{**rule, "BucketKeyEnabled": True}]}
    )
    return arn


@pytest.mark.usefixtures("key")
def test_reading_needs_decrypt_and_writing_a_data_key(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    cloud.client("s3").put_object(Bucket=name, Key="a", Body=b"1")
    s3 = acting("s3", allow("s3:*"))
    with pytest.raises(
        ClientError, match="not authorized to perform: kms:Decrypt on resource: arn:aws:kms:"
    ) as refused:
        s3.get_object(Bucket=name, Key="a")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.put_object(Bucket=name, Key="b", Body=b"2")
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.create_multipart_upload(Bucket=name, Key="b")
    with pytest.raises(ClientError, match="403"):
        s3.head_object(Bucket=name, Key="a", ChecksumMode="ENABLED")
    s3.head_object(Bucket=name, Key="a")  # tells nothing of the contents


def test_the_rights_may_be_bound_to_the_key_the_service_and_the_bucket(
    acting: Callable[..., Any], key: str, name: str
) -> None:
    by_s3 = {
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{name}",
    }
    use = {**allow("kms:Decrypt", "kms:GenerateDataKey", resource=key), "Condition": {"StringEquals": by_s3}}
    s3 = acting("s3", allow("s3:*"), use)
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    s3.copy_object(Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a"})
    assert s3.get_object(Bucket=name, Key="b")["Body"].read() == b"1"
    upload = s3.create_multipart_upload(Bucket=name, Key="c")["UploadId"]
    part = s3.upload_part(Bucket=name, Key="c", UploadId=upload, PartNumber=1, Body=b"2")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    s3.complete_multipart_upload(Bucket=name, Key="c", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=name, Key="c")["Body"].read() == b"2"
    kms = acting("kms", use)
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")  # not through S3


def test_the_request_s_key_counts_before_the_bucket_s(
    cloud: Cloud, acting: Callable[..., Any], key: str, name: str
) -> None:
    other = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = acting("s3", allow("s3:*"), allow("kms:*", resource=key))
    with pytest.raises(ClientError, match=other):
        s3.put_object(Bucket=name, Key="a", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=other)
    s3.put_object(Bucket=name, Key="a", Body=b"1", ServerSideEncryption="AES256")
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"1"


def test_a_key_s_policy_may_keep_the_account_s_roles_out(
    cloud: Cloud, acting: Callable[..., Any], key: str, name: str
) -> None:
    s3 = acting("s3", allow("s3:*"), allow("kms:*", resource=key))
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    statement = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:Put*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    with pytest.raises(ClientError, match="no resource-based policy allows the kms:Decrypt action"):
        s3.get_object(Bucket=name, Key="a")


def test_a_bucket_that_trusts_the_account_leaves_its_roles_to_their_own_policies(
    cloud: Cloud, acting: Callable[..., Any], name: str
) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{name}/*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**everything, "Principal": {"AWS": ROOT}}]})
    cloud.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
    with pytest.raises(ClientError, match="no identity-based policy allows the s3:PutObject action"):
        acting("s3").put_object(Bucket=name, Key="a", Body=b"1")
