import pytest

from tests.policies.harness import SECRET, UNKNOWN, Declared, judge, secret

RULE = "sagemaker-model-isolation"


def model(**properties: object) -> Declared:
    return Declared("aws:sagemaker/model:Model", "bootstrap", {"primaryContainer": {"image": UNKNOWN}, **properties})


def test_passes_in_isolation() -> None:
    assert judge(RULE, model(enableNetworkIsolation=True)).silent


@pytest.mark.parametrize("properties", [{}, {"enableNetworkIsolation": False}])
def test_fails_without_isolation(properties: dict[str, object]) -> None:
    report = judge(RULE, model(**properties))
    assert len(report.violations) == 1
    assert "bootstrap (aws:sagemaker/model:Model) breaks sagemaker-model-isolation (SageMaker.5)" in report.text
    assert "Remedy: set enable_network_isolation=True" in report.text


def test_unknown_isolation_is_an_advisory() -> None:
    report = judge(RULE, model(enableNetworkIsolation=UNKNOWN))
    assert not report.violations
    assert "bootstrap (enableNetworkIsolation)" in report.advisories[0]


def test_secrets_are_not_printed() -> None:
    report = judge(RULE, model(primaryContainer={"environment": {"TOKEN": secret()}}, executionRoleArn=SECRET))
    assert len(report.violations) == 1
    assert SECRET not in report.text
