"""Each rule about an argument at its boundary: the last value that is taken, and the first that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from components.alarms import EndpointAlarms, EndpointAlarmsArgs
from components.approver import Approver, ApproverArgs
from components.catalogue import Catalogue, CatalogueArgs
from components.endpoint import ServingPolicy
from components.features import Entity, FeatureStore, FeatureStoreArgs
from components.keys import Keys, KeysArgs
from components.lake import DataLake, DataLakeArgs
from components.place import Place
from components.registry import Registry, RegistryArgs
from components.release import Release
from components.tracking import Tracking, TrackingArgs
from tests.components import parts as made
from tests.components.parts import keys, lake, options
from tests.components.recording import record
from tests.components.release.local import release_args


@dataclass(frozen=True)
class Parts:
    """What several components are made from."""

    place: Place
    opts: pulumi.ResourceOptions


def alarms(parts: Parts, **given: Any) -> None:
    watched = made.endpoint(parts.place, parts.opts)
    EndpointAlarms("made", EndpointAlarmsArgs(endpoint=watched, topic_arn="t", **given), parts.opts)


def approver(parts: Parts, **given: Any) -> None:
    registry = Registry("registry", RegistryArgs(place=parts.place, group_name="g"), parts.opts)
    Approver("made", ApproverArgs(place=parts.place, registry=registry, logs_key_arn="k", **given), parts.opts)


def catalogue(parts: Parts, **given: Any) -> None:
    waters = lake(parts.place, parts.opts, keys(parts.place, parts.opts))
    args: dict[str, Any] = {"database_name": "base", "results": waters.curated, **given}
    Catalogue("made", CatalogueArgs(**args), parts.opts)


def endpoint(parts: Parts, **given: Any) -> None:
    made.endpoint(parts.place, parts.opts, **given)


def feature_store(parts: Parts, **given: Any) -> None:
    known: dict[str, Any] = {
        "record_identifier": "id",
        "event_time": "at",
        "features": {"id": "String", "at": "String"},
        **given,
    }
    name = known.pop("name", "one")
    args = FeatureStoreArgs(
        place=parts.place,
        name_prefix="p",
        entities={name: Entity(description="One", **known)},
        key_arn="k",
        tags={},
    )
    FeatureStore("made", args, parts.opts)


def customer_keys(parts: Parts, **given: Any) -> None:
    Keys("made", KeysArgs(place=parts.place, alias_prefix="x", **given), parts.opts)


def data_lake(parts: Parts, **given: Any) -> None:
    DataLake("made", DataLakeArgs(place=parts.place, data_key_arn="k", model_key_arn="k", **given), parts.opts)


def policy(parts: Parts, **given: Any) -> None:
    endpoint(parts, serving_policy=ServingPolicy(**given))


def release(parts: Parts, **given: Any) -> None:
    Release("made", release_args(place=parts.place, **given), parts.opts)


def tracking(parts: Parts, **given: Any) -> None:
    waters = lake(parts.place, parts.opts, keys(parts.place, parts.opts))
    Tracking(
        "made",
        TrackingArgs(place=parts.place, server_name="t", artifacts=waters.artifacts, tags={}, **given),
        parts.opts,
    )


def refused(make: Callable[..., None], **given: Any) -> str:
    """Return why a component cannot be made, or nothing."""
    told = ""

    def program() -> None:
        nonlocal told
        try:
            make(Parts(*options()), **given)
        except ValueError as error:
            told = str(error)

    record(program)
    return told


@pytest.mark.parametrize(
    ("make", "field", "taken", "not_taken"),
    [
        (alarms, "server_error_rate", [0, 1], [-0.01, 1.01]),
        (alarms, "client_error_rate", [0, 1], [-0.01, 1.01]),
        (alarms, "latency_ms", [0.5], [0]),
        (approver, "look_every_minutes", [1], [0]),
        (catalogue, "database_name", ["a_1"], ["a-b", "A"]),
        (catalogue, "scan_limit_gb", [1], [0]),
        (customer_keys, "deletion_window_days", [7, 30], [6, 31]),
        (data_lake, "access_log_days", [1], [0]),
        (data_lake, "noncurrent_days", [1], [0]),
        (endpoint, "endpoint_name", ["e" * 46], ["e" * 47]),
        (feature_store, "event_time", ["at"], ["never"]),
        (feature_store, "record_identifier", ["id"], ["nobody"]),
        (policy, "capture_percent", [0, 100], [-1, 101]),
        (policy, "instance_count", [1], [0]),
        (policy, "instance_type", ["ml.m5.large"], ["m5.large", "ml.m5"]),
        (policy, "variant_name", ["v" * 63, "a-b"], ["v" * 64, "-a", ""]),
        (release, "reconcile_every_minutes", [1], [0]),
        (release, "serving_policy_parameter_name", ["/a"], ["a"]),
        (tracking, "size", ["Small", "Medium", "Large"], ["small"]),
    ],
)
def test_the_last_value_is_taken_and_the_next_is_not(
    make: Callable[..., None], field: str, taken: list[Any], not_taken: list[Any]
) -> None:
    for value in taken:
        assert not refused(make, **{field: value}), value
    for value in not_taken:
        assert field in refused(make, **{field: value}), value


def test_a_feature_group_s_name_leaves_room_for_its_version() -> None:
    assert not refused(feature_store, name="n" * 58)
    assert "must give a feature group name of at most 60 characters" in refused(feature_store, name="n" * 59)


def test_features_are_of_the_three_types_that_there_are() -> None:
    types = {"id": "String", "at": "Fractional", "n": "Integral"}
    assert not refused(feature_store, features=types)
    assert "features.n` must be one of String, Integral, Fractional" in refused(
        feature_store, features={**types, "n": "Number"}
    )


def _schedules(minutes: int) -> set[str]:
    def program() -> None:
        approver(Parts(*options()), look_every_minutes=minutes)

    return {found.inputs["scheduleExpression"] for found in record(program).of("aws:scheduler/schedule:Schedule")}


@pytest.mark.parametrize(("minutes", "rate"), [(1, "rate(1 minute)"), (2, "rate(2 minutes)")])
def test_a_rate_is_written_as_the_scheduler_reads_it(minutes: int, rate: str) -> None:
    assert _schedules(minutes) == {rate}
