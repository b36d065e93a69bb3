"""Which key each S3 call uses, for what, and what KMS is told about it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.cloud.actions import Call
from sandbox.cloud.control.iam import encryption

ACCOUNT, REGION = "000000000000", "us-east-1"
ONE, TWO = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ("one", "two"))


class Versions(dict[str, list[Any]]):
    """Objects of a bucket, every version of each."""

    def getlist(self, name: str) -> list[Any] | None:
        return self.get(name)


def stored(key: str | None = None, version: str = "1", encryption: str | None = "aws:kms") -> Any:
    """An object as it lies in a bucket."""
    return SimpleNamespace(version_id=version, encryption=encryption if key else "AES256", kms_key_id=key)


def rule(key: str, bucket_key: Any = None, algorithm: str = "aws:kms") -> dict[str, Any]:
    """A bucket's encryption."""
    default = {"SSEAlgorithm": algorithm, "KMSMasterKeyID": key}
    return {"Rule": {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}}


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The buckets that there are."""
    import moto.kms.models
    import moto.s3.models

    made: dict[str, Any] = {}

    def add(name: str, encrypted: Any = None, **objects: list[Any]) -> None:
        uploads = {
            "own": SimpleNamespace(kms_key_id=TWO, sse_encryption="aws:kms"),
            "bucket-s": SimpleNamespace(kms_key_id=None, sse_encryption=None),
            "plain": SimpleNamespace(kms_key_id=None, sse_encryption="AES256"),
        }
        made[name] = SimpleNamespace(name=name, encryption=encrypted, keys=Versions(objects), multiparts=uploads)

    add("open", a=[stored()])
    add("closed", rule(ONE), a=[stored(ONE)], old=[stored(TWO, "1"), stored(ONE, "2")], plain=[stored(None)])
    add("saving", rule(ONE, bucket_key=True), a=[stored(ONE)])
    add("said", rule(ONE, bucket_key="true"), a=[stored(ONE)])
    monkeypatch.setattr(moto.s3.models, "s3_backends", {ACCOUNT: {"aws": SimpleNamespace(buckets=made)}})
    ids = SimpleNamespace(
        any_id_to_key_id={"alias/one": "one", "one": "one", f"{ONE[:-8]}:alias/one": "one"}.__getitem__
    )
    monkeypatch.setattr(moto.kms.models, "kms_backends", {ACCOUNT: {REGION: ids}})
    return made


def used(action: str, service: str = "s3", **params: Any) -> list[tuple[str, str]]:
    """Return the actions and keys of a call."""
    call = Call(service, action, {"Bucket": "closed", "Key": "a", **params}, ACCOUNT, REGION)
    return [(what, key) for what, key, _ in encryption.uses(call)]


READ, WRITE = ("kms:Decrypt", ONE), ("kms:GenerateDataKey", ONE)


@pytest.mark.usefixtures("buckets")
@pytest.mark.parametrize(
    ("action", "params", "wanted"),
    [
        ("GetObject", {}, [READ]),
        ("GetObject", {"Bucket": "open"}, []),
        ("GetObject", {"Bucket": "gone"}, []),
        ("GetObject", {"Key": "gone"}, []),
        ("GetObject", {"Key": "plain"}, []),
        ("GetObject", {"Key": "old"}, [READ]),
        ("GetObject", {"Key": "old", "VersionId": "1"}, [("kms:Decrypt", TWO)]),
        ("HeadObject", {}, []),
        ("HeadObject", {"ChecksumMode": "ENABLED"}, [READ]),
        ("PutObject", {}, [WRITE]),
        ("PutObject", {"Bucket": "open"}, []),
        ("PutObject", {"Bucket": "gone"}, []),
        ("PutObject", {"ServerSideEncryption": "AES256"}, []),
        ("PutObject", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": TWO}, [("kms:GenerateDataKey", TWO)]),
        ("PutObject", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/one"}, [WRITE]),
        ("PutObject", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "one"}, [WRITE]),
        ("PutObject", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/aws/s3"}, []),
        ("CreateMultipartUpload", {}, [WRITE]),
        ("UploadPart", {"UploadId": "bucket-s"}, [READ]),
        ("UploadPart", {"UploadId": "own"}, [("kms:Decrypt", TWO)]),
        ("UploadPart", {"UploadId": "plain"}, []),
        ("UploadPart", {"UploadId": "gone"}, []),
        ("UploadPart", {"UploadId": "own", "Bucket": "gone"}, []),
        ("CompleteMultipartUpload", {"UploadId": "bucket-s"}, [READ]),
        ("CopyObject", {"CopySource": "open/a"}, [WRITE]),
        ("CopyObject", {"CopySource": "closed/a", "Bucket": "open"}, [READ]),
        ("CopyObject", {"CopySource": "/closed/old?versionId=1"}, [WRITE, ("kms:Decrypt", TWO)]),
        ("CopyObject", {"CopySource": {"Bucket": "closed", "Key": "a"}, "Bucket": "open"}, [READ]),
        ("UploadPartCopy", {"UploadId": "own", "CopySource": "closed/a"}, [("kms:Decrypt", TWO), READ]),
        ("DeleteObject", {}, []),
    ],
)
def test_a_call_uses_the_key_of_what_it_reads_and_of_what_it_writes(
    action: str, params: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    assert used(action, **params) == wanted


@pytest.mark.usefixtures("buckets")
def test_other_services_and_calls_without_an_object_use_none() -> None:
    assert used("GetObject", service="dynamodb") == []
    call = Call("s3", "PutObject", {"Bucket": "closed"}, ACCOUNT, REGION)
    assert list(encryption.uses(call)) == []


@pytest.mark.usefixtures("buckets")
@pytest.mark.parametrize(("bucket", "about"), [("closed", "closed/a"), ("saving", "saving"), ("said", "said")])
def test_kms_is_told_through_whom_for_whom_and_about_what(bucket: str, about: str) -> None:
    call = Call("s3", "GetObject", {"Bucket": bucket, "Key": "a"}, ACCOUNT, REGION)
    ((_, _, conditions),) = encryption.uses(call)
    assert conditions == {
        "kms:viaservice": ["s3.us-east-1.amazonaws.com"],
        "kms:calleraccount": [ACCOUNT],
        "kms:encryptioncontextkeys": ["aws:s3:arn"],
        "kms:encryptioncontext:aws:s3:arn": [f"arn:aws:s3:::{about}"],
    }
