import pytest

from tests.policies.harness import KEY, SECRET, UNKNOWN, Declared, judge, secret

RULE = "sagemaker-endpoint-volume-key"


def configuration(instance_type: object = "ml.m5.large", **properties: object) -> Declared:
    variants = [{"variantName": "live", "instanceType": instance_type}]
    token = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    return Declared(token, "bootstrap", {"productionVariants": variants, **properties})


def test_passes_with_a_key() -> None:
    assert judge(RULE, configuration(kmsKeyArn=KEY)).silent


@pytest.mark.parametrize("instance_type", ["ml.g5.xlarge", "ml.m5d.large", "ml.g4dn.xlarge", "ml.c6gd.large"])
def test_passes_for_instances_that_refuse_a_key(instance_type: str) -> None:
    assert judge(RULE, configuration(instance_type)).silent


@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.c6g.large", "ml.inf2.xlarge", None])
def test_fails_without_a_key(instance_type: str | None) -> None:
    report = judge(RULE, configuration(instance_type))
    assert len(report.violations) == 1
    assert "bootstrap" in report.text
    assert "sagemaker-endpoint-configuration-kms-key-configured" in report.text
    assert "kmsKeyArn names no key" in report.text
    assert "Remedy: set kms_key_arn" in report.text


def test_fails_with_a_key_of_aws() -> None:
    assert "a key that AWS manages" in judge(RULE, configuration(kmsKeyArn="alias/aws/sagemaker")).text


@pytest.mark.parametrize(
    ("declared", "missing"),
    [
        (configuration(kmsKeyArn=UNKNOWN), "kmsKeyArn"),
        (configuration(instance_type=UNKNOWN), "productionVariants.0.instanceType"),
    ],
)
def test_unknown_key_or_instance_is_an_advisory(declared: Declared, missing: str) -> None:
    report = judge(RULE, declared)
    assert not report.violations
    assert f"bootstrap ({missing})" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, configuration(secret(), kmsKeyArn=secret(f"alias/aws/{SECRET}")))
    assert len(report.violations) == 1
    assert SECRET not in report.text
