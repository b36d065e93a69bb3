import pytest

from tests.policies.buckets import LOGS, RAW, logging, setting
from tests.policies.harness import KEY, SECRET, UNKNOWN, Declared, judge, secret

RULE = "s3-customer-key"


def encryption(algorithm: object, key: object = None, bucket: Declared = RAW) -> Declared:
    default = {"sseAlgorithm": algorithm} | ({"kmsMasterKeyId": key} if key else {})
    rules = [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]
    return setting("BucketServerSideEncryptionConfiguration", {"rules": rules}, bucket)


@pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
def test_passes_with_a_customer_key(algorithm: str) -> None:
    assert judge(RULE, RAW, encryption(algorithm, KEY)).silent


@pytest.mark.parametrize("settings", [(), (encryption("AES256", bucket=LOGS),)])
def test_passes_for_an_access_log_bucket_with_the_encryption_of_s3(settings: tuple[Declared, ...]) -> None:
    assert judge(RULE, RAW, encryption("aws:kms", KEY), LOGS, logging(RAW, LOGS), *settings).silent


@pytest.mark.parametrize(
    ("setting_of_bucket", "reason"),
    [
        (encryption("AES256"), "sseAlgorithm of raw is neither aws:kms nor aws:kms:dsse"),
        (encryption("aws:kms"), "kmsMasterKeyId names no key"),
        (encryption("aws:kms", "alias/aws/s3"), "kmsMasterKeyId names a key that AWS manages"),
        (setting("BucketServerSideEncryptionConfiguration", {"rules": []}), "raw has no rule"),
    ],
)
def test_fails_without_a_customer_key(setting_of_bucket: Declared, reason: str) -> None:
    report = judge(RULE, RAW, setting_of_bucket)
    assert len(report.violations) == 1
    assert "S3.17" in report.text
    assert reason in report.text
    assert "Remedy: " in report.text


def test_fails_without_a_configuration() -> None:
    assert judge(RULE, RAW, LOGS, encryption("aws:kms", KEY)).urns == {LOGS.urn}


def test_fails_for_an_access_log_bucket_with_a_key() -> None:
    report = judge(RULE, LOGS, encryption("aws:kms", KEY, LOGS), logging(RAW, LOGS))
    assert report.urns == {LOGS.urn}
    assert "S3 delivers to AES256 buckets only" in report.text


def test_unknown_key_is_an_advisory() -> None:
    report = judge(RULE, RAW, encryption("aws:kms", UNKNOWN))
    assert not report.violations
    assert "raw (rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId)" in report.advisories[0]


def test_unknown_log_target_is_an_advisory() -> None:
    sends = Declared("aws:s3/bucketLogging:BucketLogging", "some", {"bucket": "raw-1234", "targetBucket": UNKNOWN})
    report = judge(RULE, LOGS, sends)
    assert not report.violations
    assert "logs (the targetBucket of some)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, RAW, encryption(secret(), secret()), LOGS, encryption("aws:kms", secret("alias/aws/s3"), LOGS))
    assert len(report.violations) == 2
    assert SECRET not in report.text
    assert "alias/aws/s3" not in report.text
