import pytest

from tests.policies.buckets import RAW, setting
from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "s3-public-access-blocked"
SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def block(**changed: object) -> Declared:
    return setting("BucketPublicAccessBlock", {**dict.fromkeys(SWITCHES, True), **changed})


def test_passes_with_all_four_switches() -> None:
    assert judge(RULE, RAW, block()).silent


@pytest.mark.parametrize("switch", SWITCHES)
def test_fails_with_one_switch_off(switch: str) -> None:
    report = judge(RULE, RAW, block(**{switch: False}))
    assert len(report.violations) == 1
    assert f"S3.8): {switch} of raw is not true. Remedy: " in report.text


def test_fails_without_a_block() -> None:
    report = judge(RULE, RAW)
    assert report.urns == {RAW.urn}
    assert "the stack has no BucketPublicAccessBlock for it" in report.text


def test_unknown_switch_is_an_advisory() -> None:
    report = judge(RULE, RAW, block(ignorePublicAcls=UNKNOWN))
    assert not report.violations
    assert "raw (ignorePublicAcls)" in report.advisories[0]


def test_unknown_switch_does_not_hide_one_that_is_off() -> None:
    report = judge(RULE, RAW, block(blockPublicAcls=False, restrictPublicBuckets=UNKNOWN))
    assert len(report.violations) == 1
    assert len(report.advisories) == 1


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, RAW, block(blockPublicAcls=secret()))
    assert len(report.violations) == 1
    assert SECRET not in report.text
