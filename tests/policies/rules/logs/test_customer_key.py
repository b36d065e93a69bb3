import pytest

from tests.policies.harness import KEY, SECRET, UNKNOWN, Declared, judge, secret

RULE = "logs-customer-key"


def group(**properties: object) -> Declared:
    return Declared("aws:cloudwatch/logGroup:LogGroup", "release", {"retentionInDays": 90, **properties})


def test_passes_with_a_key() -> None:
    assert judge(RULE, group(kmsKeyId=KEY)).silent


@pytest.mark.parametrize("properties", [{}, {"kmsKeyId": ""}, {"kmsKeyId": "alias/aws/logs"}])
def test_fails_without_a_customer_key(properties: dict[str, object]) -> None:
    report = judge(RULE, group(**properties))
    assert len(report.violations) == 1
    assert "release (aws:cloudwatch/logGroup:LogGroup)" in report.text
    assert "Config:cloudwatch-log-group-encrypted" in report.text
    assert "kmsKeyId names" in report.text
    assert "Remedy: set kms_key_id" in report.text


def test_unknown_key_is_an_advisory() -> None:
    report = judge(RULE, group(kmsKeyId=UNKNOWN))
    assert not report.violations
    assert "release (kmsKeyId)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, group(kmsKeyId=secret(f"alias/aws/{SECRET}"), name=secret()))
    assert len(report.violations) == 1
    assert SECRET not in report.text
