import pytest

from tests.policies.harness import KEY, SECRET, UNKNOWN, Declared, judge, secret

RULE = "sagemaker-online-store-key"


def group(**properties: object) -> Declared:
    return Declared("aws:sagemaker/featureGroup:FeatureGroup", "route", {"roleArn": UNKNOWN, **properties})


OURS = "pulumi-python:dynamic/features:FeatureGroup"


def online(key: object = None, **properties: object) -> Declared:
    security = {"securityConfig": {"kmsKeyId": key}} if key else {}
    return group(onlineStoreConfig={"enableOnlineStore": True, **security, **properties})


@pytest.mark.parametrize(
    "declared",
    [group(), online(KEY), online(storageType="InMemory"), online(enableOnlineStore=False)],
)
def test_passes_with_a_key_or_without_a_store_that_takes_one(declared: Declared) -> None:
    assert judge(RULE, declared).silent


@pytest.mark.parametrize("declared", [online(), online("alias/aws/sagemaker"), online(storageType="Standard")])
def test_fails_without_a_customer_key(declared: Declared) -> None:
    report = judge(RULE, declared)
    assert len(report.violations) == 1
    assert "route (aws:sagemaker/featureGroup:FeatureGroup)" in report.text
    assert "SageMaker.18): in onlineStoreConfig.securityConfig, kmsKeyId names" in report.text
    assert "Remedy: set online_store_config.security_config.kms_key_id" in report.text


def test_the_groups_that_the_platform_makes_are_judged_too() -> None:
    store = {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": KEY}}
    assert judge(RULE, Declared(OURS, "route", {"onlineStoreConfig": store})).silent
    report = judge(RULE, Declared(OURS, "route", {"onlineStoreConfig": {**store, "securityConfig": {}}}))
    assert len(report.violations) == 1
    assert f"route ({OURS})" in report.text


@pytest.mark.parametrize("declared", [online(UNKNOWN), group(onlineStoreConfig=UNKNOWN)])
def test_unknown_key_or_store_is_an_advisory(declared: Declared) -> None:
    report = judge(RULE, declared)
    assert not report.violations
    assert "route (onlineStoreConfig" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, online(secret(f"alias/aws/{SECRET}"), storageType=secret()))
    assert len(report.violations) == 1
    assert SECRET not in report.text
