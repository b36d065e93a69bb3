"""How traffic is divided among an endpoint's variants."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, cast

import pytest

from sandbox.cloud.actions import AwsError
from sandbox.cloud.run.endpoints import router
from sandbox.cloud.run.endpoints.fleets import Fleet
from tests.cloud.run.endpoints.conftest import Endpoints


def fleet(**weights: float) -> Fleet:
    """A fleet of variants that nobody asks."""
    return Fleet("endpoint", {}, cast("dict[str, Any]", dict.fromkeys(weights)), dict(weights))


def test_a_variant_is_chosen_as_often_as_its_weight_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "random", random.Random(1))  # noqa: S311 - traffic, not secrets
    chosen = Counter(router._choose(fleet(live=9.0, b=1.0), None) for _ in range(1000))
    assert 850 < chosen["live"] < 950
    assert chosen.total() == 1000


def test_a_variant_without_weight_is_not_chosen_and_can_be_named() -> None:
    only = fleet(live=0.0, b=0.5)
    assert {router._choose(only, None) for _ in range(50)} == {"b"}
    assert router._choose(only, "live") == "live"
    with pytest.raises(AwsError, match="Variant c not found"):
        router._choose(only, "c")


def test_without_any_weight_a_variant_must_be_named() -> None:
    with pytest.raises(AwsError, match="have weight 0: name a TargetVariant"):
        router._choose(fleet(live=0.0, b=0.0), None)


def test_weights_are_those_that_were_asked_for(cloud: Endpoints) -> None:
    """Nine tenths and not a half: 100 calls of which fewer than 70 reach the heavier variant do not happen."""
    cloud.model("weighed-a", ANSWER="a")
    cloud.model("weighed-b", ANSWER="b")
    cloud.config("weighed", "weighed-a", "weighed-b", weights=(9.0, 1.0))
    cloud.create("weighed", "weighed")

    def heavier() -> int:
        return sum(cloud.invoke("weighed")["InvokedProductionVariant"] == "live" for _ in range(100))

    shown = {one["VariantName"]: one["CurrentWeight"] for one in cloud.describe("weighed")["ProductionVariants"]}
    assert shown == {"live": 9.0, "b": 1.0}
    assert heavier() > 70
    wanted = [{"VariantName": "live", "DesiredWeight": 1.0}, {"VariantName": "b", "DesiredWeight": 9.0}]
    cloud.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="weighed", DesiredWeightsAndCapacities=wanted
    )
    cloud.settled("weighed")
    assert heavier() < 30
