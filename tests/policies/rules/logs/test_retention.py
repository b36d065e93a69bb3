import pytest

from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "logs-retention"


def group(**properties: object) -> Declared:
    return Declared("aws:cloudwatch/logGroup:LogGroup", "release", {"kmsKeyId": UNKNOWN, **properties})


@pytest.mark.parametrize("days", [30, 365])
def test_passes_with_a_stated_time(days: int) -> None:
    assert judge(RULE, group(retentionInDays=days)).silent


@pytest.mark.parametrize("properties", [{}, {"retentionInDays": 0}])
def test_fails_when_kept_for_ever(properties: dict[str, object]) -> None:
    report = judge(RULE, group(**properties))
    assert len(report.violations) == 1
    assert "release (aws:cloudwatch/logGroup:LogGroup) breaks logs-retention (CloudWatch.16)" in report.text
    assert "retentionInDays is not set" in report.text
    assert "Remedy: set retention_in_days" in report.text


def test_fails_when_kept_too_short() -> None:
    assert "retentionInDays is less than 30" in judge(RULE, group(retentionInDays=14)).text


def test_fails_under_the_minimum_of_a_stricter_environment() -> None:
    report = judge(RULE, group(retentionInDays=90), config={"minimumDays": 365})
    assert "retentionInDays is less than 365" in report.text


def test_unknown_time_is_an_advisory() -> None:
    report = judge(RULE, group(retentionInDays=UNKNOWN))
    assert not report.violations
    assert "release (retentionInDays)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, group(retentionInDays=secret(13), name=secret(), tags={"owner": SECRET}))
    assert len(report.violations) == 1
    assert SECRET not in report.text
    assert "13" not in report.text
