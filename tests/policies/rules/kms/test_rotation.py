import pytest

from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "kms-key-rotation"


def key(**properties: object) -> Declared:
    return Declared("aws:kms/key:Key", "data", properties)


def test_passes_when_rotated() -> None:
    assert judge(RULE, key(enableKeyRotation=True, policy=UNKNOWN)).silent


@pytest.mark.parametrize(
    "properties",
    [{"keyUsage": "SIGN_VERIFY"}, {"customerMasterKeySpec": "RSA_4096"}, {"customKeyStoreId": "cks-1"}],
)
def test_passes_for_keys_that_kms_cannot_rotate(properties: dict[str, str]) -> None:
    assert judge(RULE, key(**properties)).silent


@pytest.mark.parametrize(
    "properties", [{}, {"enableKeyRotation": False}, {"customerMasterKeySpec": "SYMMETRIC_DEFAULT"}]
)
def test_fails_when_not_rotated(properties: dict[str, object]) -> None:
    report = judge(RULE, key(**properties))
    assert len(report.violations) == 1
    assert "data (aws:kms/key:Key) breaks kms-key-rotation (KMS.4): enableKeyRotation is not true." in report.text
    assert "Remedy: set enable_key_rotation=True." in report.text


def test_unknown_rotation_is_an_advisory() -> None:
    report = judge(RULE, key(enableKeyRotation=UNKNOWN))
    assert not report.violations
    assert "KMS.4 can be judged only by `pulumi up`" in report.advisories[0]
    assert "data (enableKeyRotation)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, key(enableKeyRotation=secret(), description=secret(), policy=SECRET))
    assert len(report.violations) == 1
    assert SECRET not in report.text
