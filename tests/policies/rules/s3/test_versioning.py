import pytest

from tests.policies.buckets import LOGS, RAW, setting
from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "s3-versioning"


def versioning(status: object, bucket: Declared = RAW) -> Declared:
    return setting("BucketVersioning", {"versioningConfiguration": {"status": status}}, bucket)


def test_passes_when_versions_are_kept() -> None:
    assert judge(RULE, RAW, versioning("Enabled")).silent


def test_passes_under_the_older_type_names() -> None:
    old = Declared("aws:s3/bucketV2:BucketV2", "raw", RAW.properties)
    keeps = {"bucket": "raw-1234", "versioningConfiguration": {"status": "Enabled"}}
    assert judge(RULE, old, Declared("aws:s3/bucketVersioningV2:BucketVersioningV2", "raw", keeps)).silent


@pytest.mark.parametrize("status", ["Suspended", "Disabled", None])
def test_fails_when_versions_are_not_kept(status: str | None) -> None:
    report = judge(RULE, RAW, versioning(status))
    assert "S3.14" in report.text
    assert "versioningConfiguration.status of raw is not Enabled" in report.text
    assert "Remedy: declare aws.s3.BucketVersioning" in report.text


def test_fails_for_the_bucket_without_settings_only() -> None:
    report = judge(RULE, RAW, LOGS, versioning("Enabled", LOGS))
    assert len(report.violations) == 1
    assert report.urns == {RAW.urn}
    assert "raw (aws:s3/bucket:Bucket)" in report.text


def test_unknown_status_is_an_advisory() -> None:
    report = judge(RULE, RAW, versioning(UNKNOWN))
    assert not report.violations
    assert "raw (versioningConfiguration.status)" in report.advisories[0]


def test_unknown_bucket_name_is_found_by_what_it_was_computed_from() -> None:
    keeps = {"bucket": UNKNOWN, "versioningConfiguration": {"status": "Enabled"}}
    mine = Declared("aws:s3/bucketVersioning:BucketVersioning", "raw", keeps, {"bucket": (RAW,)})
    assert judge(RULE, RAW, mine).silent
    report = judge(RULE, RAW, LOGS, mine)
    assert report.urns == {LOGS.urn}
    assert not report.advisories


def test_unknown_owner_of_a_setting_is_an_advisory() -> None:
    keeps = {"bucket": UNKNOWN, "versioningConfiguration": {"status": "Enabled"}}
    report = judge(RULE, RAW, Declared("aws:s3/bucketVersioning:BucketVersioning", "some", keeps))
    assert not report.violations
    assert "raw (the bucket of some)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, RAW, versioning(secret()))
    assert len(report.violations) == 1
    assert SECRET not in report.text
