import pytest

from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "ecr-scan-on-push"


def repository(**properties: object) -> Declared:
    return Declared("aws:ecr/repository:Repository", "image", properties)


def test_passes_when_images_are_scanned() -> None:
    assert judge(RULE, repository(imageScanningConfiguration={"scanOnPush": True})).silent


@pytest.mark.parametrize("properties", [{}, {"imageScanningConfiguration": {"scanOnPush": False}}])
def test_fails_when_images_are_not_scanned(properties: dict[str, object]) -> None:
    report = judge(RULE, repository(**properties))
    assert len(report.violations) == 1
    assert "image (aws:ecr/repository:Repository) breaks ecr-scan-on-push (ECR.1)" in report.text
    assert "Remedy: set image_scanning_configuration" in report.text


@pytest.mark.parametrize("value", [UNKNOWN, {"scanOnPush": UNKNOWN}])
def test_unknown_scanning_is_an_advisory(value: object) -> None:
    report = judge(RULE, repository(imageScanningConfiguration=value))
    assert not report.violations
    assert "image (imageScanningConfiguration" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, repository(imageScanningConfiguration={"scanOnPush": secret()}, name=SECRET))
    assert len(report.violations) == 1
    assert SECRET not in report.text
