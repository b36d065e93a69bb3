import pytest

from tests.policies.harness import KEY, SECRET, UNKNOWN, Declared, judge, secret

RULE = "ecr-customer-key"


def repository(*configurations: object) -> Declared:
    properties = {"encryptionConfigurations": list(configurations)} if configurations else {}
    return Declared("aws:ecr/repository:Repository", "image", properties)


@pytest.mark.parametrize("encryption_type", ["KMS", "KMS_DSSE"])
def test_passes_with_a_key(encryption_type: str) -> None:
    assert judge(RULE, repository({"encryptionType": encryption_type, "kmsKey": KEY})).silent


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (repository(), "encryptionConfigurations is not set"),
        (repository({"encryptionType": "AES256"}), "encryptionType is neither KMS nor KMS_DSSE"),
        (repository({"encryptionType": "KMS"}), "kmsKey names no key"),
        (repository({"encryptionType": "KMS", "kmsKey": "alias/aws/ecr"}), "kmsKey names a key that AWS manages"),
    ],
)
def test_fails_without_a_customer_key(declared: Declared, reason: str) -> None:
    report = judge(RULE, declared)
    assert len(report.violations) == 1
    assert "image (aws:ecr/repository:Repository) breaks ecr-customer-key (ECR.5)" in report.text
    assert reason in report.text
    assert "Remedy: set encryption_configurations" in report.text


def test_unknown_key_is_an_advisory() -> None:
    report = judge(RULE, repository({"encryptionType": "KMS", "kmsKey": UNKNOWN}))
    assert not report.violations
    assert "image (encryptionConfigurations.0.kmsKey)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, repository({"encryptionType": secret()}, {"encryptionType": "KMS", "kmsKey": secret("")}))
    assert len(report.violations) == 2
    assert SECRET not in report.text
