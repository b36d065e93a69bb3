import pytest

from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "ecr-immutable-tags"


def repository(**properties: object) -> Declared:
    return Declared("aws:ecr/repository:Repository", "image", properties)


def test_passes_when_tags_stay() -> None:
    assert judge(RULE, repository(imageTagMutability="IMMUTABLE")).silent


@pytest.mark.parametrize("value", ["MUTABLE", "IMMUTABLE_WITH_EXCLUSION", None])
def test_fails_when_tags_can_be_moved(value: str | None) -> None:
    report = judge(RULE, repository(imageTagMutability=value))
    assert len(report.violations) == 1
    assert "image (aws:ecr/repository:Repository) breaks ecr-immutable-tags (ECR.2)" in report.text
    assert 'Remedy: set image_tag_mutability="IMMUTABLE".' in report.text


def test_unknown_mutability_is_an_advisory() -> None:
    report = judge(RULE, repository(imageTagMutability=UNKNOWN))
    assert not report.violations
    assert "image (imageTagMutability)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, repository(imageTagMutability=secret(), name=SECRET))
    assert len(report.violations) == 1
    assert SECRET not in report.text
