import pytest

from tests.policies.harness import KEY, SECRET, UNKNOWN, Declared, judge, secret

RULE = "sagemaker-offline-store-key"


def group(**properties: object) -> Declared:
    return Declared("aws:sagemaker/featureGroup:FeatureGroup", "route", {"roleArn": UNKNOWN, **properties})


def offline(**storage: object) -> Declared:
    return group(offlineStoreConfig={"s3StorageConfig": {"s3Uri": SECRET, **storage}})


@pytest.mark.parametrize("declared", [group(), offline(kmsKeyId=KEY)])
def test_passes_with_a_key_or_without_a_store(declared: Declared) -> None:
    assert judge(RULE, declared).silent


@pytest.mark.parametrize("declared", [offline(), offline(kmsKeyId="alias/aws/s3"), group(offlineStoreConfig={})])
def test_fails_without_a_customer_key(declared: Declared) -> None:
    report = judge(RULE, declared)
    assert len(report.violations) == 1
    assert "route (aws:sagemaker/featureGroup:FeatureGroup)" in report.text
    assert "SageMaker.17): in offlineStoreConfig.s3StorageConfig, kmsKeyId names" in report.text
    assert "Remedy: set offline_store_config.s3_storage_config.kms_key_id" in report.text


@pytest.mark.parametrize("declared", [offline(kmsKeyId=UNKNOWN), group(offlineStoreConfig=UNKNOWN)])
def test_unknown_key_or_store_is_an_advisory(declared: Declared) -> None:
    report = judge(RULE, declared)
    assert not report.violations
    assert "route (offlineStoreConfig" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, offline(s3Uri=secret(), kmsKeyId=secret(f"alias/aws/{SECRET}")))
    assert len(report.violations) == 1
    assert SECRET not in report.text
