"""Rules where one value more, or one of several, decides."""

from __future__ import annotations

import pytest

from policies.rules.logs import retention
from tests.policies.harness import KEY, Declared, judge

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def endpoint(*live: str, shadow: tuple[str, ...] = (), **properties: object) -> Declared:
    """An endpoint configuration with variants on these instances."""
    variants = [{"variantName": f"v{number}", "instanceType": kind} for number, kind in enumerate(live)]
    others = [{"variantName": f"s{number}", "instanceType": kind} for number, kind in enumerate(shadow)]
    return Declared(
        CONFIGURATION, "c", {"productionVariants": variants, "shadowProductionVariants": others, **properties}
    )


@pytest.mark.parametrize(
    ("configuration", "silent"),
    [
        (endpoint("ml.m5.large", "ml.m5d.large"), True),  # SageMaker refuses a key for one, and so for both
        (endpoint("ml.m5.large", shadow=("ml.g5.xlarge",)), True),
        (endpoint("ml.m5.large", "ml.c5.large"), False),
        (endpoint("ml.m5.large", "ml.c5.large", kmsKeyArn=KEY), True),
        (endpoint(), False),
    ],
)
def test_one_variant_that_refuses_a_key_is_enough(configuration: Declared, silent: bool) -> None:
    assert judge("sagemaker-endpoint-volume-key", configuration).silent is silent


@pytest.mark.parametrize(("days", "silent"), [(29, False), (30, True), (31, True), (0, False)])
def test_logs_are_kept_thirty_days_at_least(days: int, silent: bool) -> None:
    group = Declared("aws:cloudwatch/logGroup:LogGroup", "g", {"retentionInDays": days, "kmsKeyId": KEY})
    assert judge("logs-retention", group).silent is silent


def test_an_environment_may_ask_for_any_time_from_a_day_on() -> None:
    schema = retention.RULE.config
    assert schema is not None
    assert schema.properties["minimumDays"] == {"type": "integer", "minimum": 1, "default": 30}
