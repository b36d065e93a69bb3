"""Which reads find nothing, and in which bucket."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud.control.iam import absence
from tests.cloud.control.inside import call, client

pytestmark = pytest.mark.usefixtures("_inside")
LAKE, OTHER = "arn:aws:s3:::lake", "arn:aws:s3:::other"


@pytest.fixture
def first(_inside: None) -> str:
    """Two buckets; the version of an object that was written twice, beside one that was deleted."""
    s3 = client("s3")
    for bucket in ("lake", "other"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="lake", Key="here", Body=b"1")["VersionId"]
    s3.put_object(Bucket="lake", Key="here", Body=b"2")
    for bucket in ("lake", "other"):
        s3.put_object(Bucket=bucket, Key="deleted", Body=b"1")
        s3.delete_object(Bucket=bucket, Key="deleted")
    s3.delete_object(Bucket="lake", Key="never")
    return str(version)


@pytest.mark.parametrize(
    ("action", "params", "wanted"),
    [
        ("GetObject", {"Key": "here"}, None),
        ("GetObject", {"Key": "gone"}, LAKE),
        ("HeadObject", {"Key": "gone"}, LAKE),
        ("GetObjectTagging", {"Key": "gone"}, LAKE),
        ("GetObject", {"Key": "deleted"}, LAKE),
        ("GetObject", {"Key": "never"}, LAKE),
        ("GetObject", {"Key": "here", "VersionId": "FIRST"}, None),
        ("GetObject", {"Key": "here", "VersionId": "none"}, LAKE),
        ("GetObject", {"Key": "here", "VersionId": ""}, None),
        ("GetObject", {"Bucket": "nowhere", "Key": "here"}, None),
        ("PutObject", {"Key": "gone"}, None),
        ("CopyObject", {"Bucket": "other", "Key": "new", "CopySource": "lake/here"}, None),
        ("CopyObject", {"Bucket": "lake", "Key": "here", "CopySource": "/other/gone"}, OTHER),
        ("CopyObject", {"Bucket": "other", "Key": "new", "CopySource": "lake/here?versionId=FIRST"}, None),
        ("CopyObject", {"Bucket": "other", "Key": "new", "CopySource": "lake/here?versionId=none"}, LAKE),
        ("CopyObject", {"Key": "here", "CopySource": {"Bucket": "other", "Key": "gone"}}, OTHER),
        ("UploadPartCopy", {"Key": "new", "CopySource": {"Bucket": "lake", "Key": "here"}}, None),
    ],
)
def test_a_read_that_finds_nothing_names_its_bucket(
    first: str, action: str, params: dict[str, Any], wanted: str | None
) -> None:
    def filled(value: Any) -> Any:
        return value.replace("FIRST", first) if isinstance(value, str) else value

    given = {"Bucket": "lake", **{name: filled(value) for name, value in params.items()}}
    assert absence.missing_in(call("s3", action, **given)) == wanted


def test_other_services_are_not_asked() -> None:
    assert absence.missing_in(call("dynamodb", "GetObject", Bucket="lake", Key="gone")) is None
