"""Keys, lake and catalogue: encrypted, private, versioned, over TLS, and nothing overwritten that was released."""

from __future__ import annotations

import pytest

from components.catalogue import Catalogue, CatalogueArgs, ParquetTable
from tests.components.parts import keys, lake, options
from tests.components.recording import ACCOUNT, REGION, Recording, record

BUCKETS = ("lake-raw", "lake-curated", "lake-artifacts", "lake-logs")


@pytest.fixture(scope="module")
def recording() -> Recording:
    def program() -> None:
        place, opts = options()
        known = keys(place, opts)
        waters = lake(place, opts, known)
        table = ParquetTable(
            bucket=waters.raw,
            prefix="raw/arrivals/",
            columns={"flight": "string", "delay": "double"},
            description="An arrival",
        )
        Catalogue(
            "catalogue",
            CatalogueArgs(
                database_name="headrace_test",
                results=waters.curated,
                tables={"arrivals": table},
            ),
            opts,
        )

    return record(program)


def test_every_key_rotates_and_waits_thirty_days_before_it_is_gone(recording: Recording) -> None:
    found = recording.of("aws:kms/key:Key")
    assert {key.name for key in found} == {"keys-data", "keys-model", "keys-logs"}
    assert all(key.inputs["enableKeyRotation"] and key.inputs["deletionWindowInDays"] == 30 for key in found)


def test_keys_have_aliases_that_people_can_find(recording: Recording) -> None:
    assert {alias.inputs["name"] for alias in recording.of("aws:kms/alias:Alias")} == {
        "alias/headrace-test-data",
        "alias/headrace-test-model",
        "alias/headrace-test-logs",
    }


def test_only_the_key_of_logs_lets_services_in_and_only_for_this_account(recording: Recording) -> None:
    assert len(recording.policy("aws:kms/key:Key", "keys-data")) == 1
    account, logs, topics = recording.policy("aws:kms/key:Key", "keys-logs")
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    groups = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
    assert logs["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}
    assert topics["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_is_private_versioned_and_owned_by_its_owner(recording: Recording, bucket: str) -> None:
    privacy = recording.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", f"{bucket}-privacy").inputs
    assert [privacy[key] for key in privacy if key != "bucket"] == [True] * 4
    versioning = recording.one("aws:s3/bucketVersioning:BucketVersioning", f"{bucket}-versioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    ownership = recording.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls", f"{bucket}-ownership").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_refuses_what_does_not_come_over_tls(recording: Recording, bucket: str) -> None:
    tls = recording.policy("aws:s3/bucketPolicy:BucketPolicy", f"{bucket}-policy")[0]
    assert tls["Effect"] == "Deny"
    assert tls["Action"] == "s3:*"
    assert tls["Principal"] == {"AWS": "*"}
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert tls["Resource"] == [f"arn:aws:s3:::{bucket}-bucket-0000000", f"arn:aws:s3:::{bucket}-bucket-0000000/*"]


@pytest.mark.parametrize(("bucket", "key"), [("raw", "data"), ("curated", "data"), ("artifacts", "model")])
def test_data_is_encrypted_with_a_customer_key(recording: Recording, bucket: str, key: str) -> None:
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = recording.one(type_, f"lake-{bucket}-encryption").inputs["rules"]
    assert rule["bucketKeyEnabled"] is True
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/keys-{key}-0000000"
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": arn}


def test_access_logs_go_to_a_bucket_that_s3_can_write_to(recording: Recording) -> None:
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = recording.one(type_, "lake-logs-encryption").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert {logging.inputs["targetBucket"] for logging in recording.of("aws:s3/bucketLogging:BucketLogging")} == {
        "lake-logs-bucket-0000000"
    }
    _, delivery = recording.policy("aws:s3/bucketPolicy:BucketPolicy", "lake-logs-policy")
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_model_packages_are_written_once(recording: Recording) -> None:
    _, overwrite, delete = recording.policy("aws:s3/bucketPolicy:BucketPolicy", "lake-artifacts-policy")
    packages = "arn:aws:s3:::lake-artifacts-bucket-0000000/packages/*"
    assert (overwrite["Effect"], overwrite["Action"], overwrite["Resource"]) == ("Deny", "s3:PutObject", packages)
    assert overwrite["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }
    assert (delete["Effect"], delete["Resource"]) == ("Deny", packages)
    assert delete["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert "Condition" not in delete


def test_only_raw_data_are_announced(recording: Recording) -> None:
    assert [found.name for found in recording.of("aws:s3/bucketNotification:BucketNotification")] == [
        "lake-raw-notification"
    ]


def test_a_table_lists_its_columns_in_order_where_its_files_lie(recording: Recording) -> None:
    table = recording.one("aws:glue/catalogTable:CatalogTable", "catalogue-arrivals-table").inputs
    assert table["storageDescriptor"]["location"] == "s3://lake-raw-bucket-0000000/raw/arrivals/"
    assert [column["name"] for column in table["storageDescriptor"]["columns"]] == ["flight", "delay"]


def test_query_results_are_encrypted_whatever_a_client_asks_for(recording: Recording) -> None:
    configuration = recording.one("aws:athena/workgroup:Workgroup", "catalogue-workgroup").inputs["configuration"]
    assert configuration["enforceWorkgroupConfiguration"] is True
    assert configuration["resultConfiguration"]["encryptionConfiguration"]["encryptionOption"] == "SSE_KMS"
