"""What the release machine is told when a stack is planned, and the names that it gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.asl import render
from components.bucket import Bucket, BucketArgs
from components.endpoint import ServingPolicy
from components.names import release_name_prefix, short_hash
from components.registry import package_arns
from components.release import Release
from components.release.release import DEFINITION
from tests.components.parts import role
from tests.components.recording import record
from tests.components.release.local import (
    BUCKET,
    DATA_KEY,
    ENDPOINT,
    GROUP,
    KEY,
    PARAMETER,
    SERVING_ROLE,
    TAGS,
    TOPIC,
    declared,
    place,
    release_args,
)

CAPTURES = f"s3://captures-bucket-0000000/capture/{ENDPOINT}"
VALUES: dict[str, Any] = {
    "EndpointName": ENDPOINT,
    "ModelPackageGroupName": GROUP,
    "PackageArns": "arn:aws:sagemaker:us-east-1:000000000000:model-package/test-flights/*",
    "NamePrefix": f"{ENDPOINT}--",
    "SettingsHash": hashlib.sha256("\n".join((SERVING_ROLE, KEY, DATA_KEY, CAPTURES)).encode()).hexdigest()[:8],
    "LeaseTable": "release-lease-0000000",
    "LedgerTable": "release-ledger-table-0000000",
    "LedgerIndex": "by-outcome",
    "ServingPolicyParameter": PARAMETER,
    "ServingRoleArn": SERVING_ROLE,
    "ArtifactsBucket": BUCKET,
    "EndpointKeyArn": KEY,
    "CaptureUri": CAPTURES,
    "CaptureKeyArn": DATA_KEY,
    "TopicArn": TOPIC,
    "Tags": [{"Key": key, "Value": value} for key, value in sorted(TAGS.items())],
    "LeaseTries": 60,  # ten minutes
    "QuickLooks": 20,  # a second apart
    "Looks": 260,  # an hour
    "UnseenLooks": 56,  # ten minutes
    "CalmLooks": 3,
    "StaleLooks": 30,
    "Reads": 3,
}


def definition(more: Callable[[], dict[str, Any]] = dict) -> dict[str, Any]:
    """The definition as it is sent, for other arguments."""
    recording = declared(lambda: Release("release", release_args(**more())))
    return dict(json.loads(recording.one("aws:sfn/stateMachine:StateMachine", "release-machine").inputs["definition"]))


def test_the_machine_is_told_where_everything_is_and_how_long_to_wait() -> None:
    assert definition() == json.loads(render(DEFINITION, VALUES))


def test_without_a_topic_nobody_is_told() -> None:
    assert definition(lambda: {"topic": None}) == json.loads(render(DEFINITION, {**VALUES, "TopicArn": ""}))


def captures(name: str, key: str) -> dict[str, Any]:
    return {"capture": Bucket(name, BucketArgs(place=place(), key_arn=key))}


@pytest.mark.parametrize(
    "other",
    [
        lambda: {"serving_role": role(place(), None, "another")},
        lambda: {"volume_key_arn": "another"},
        lambda: captures("captures", "another"),
        lambda: captures("another", DATA_KEY),
    ],
)
def test_another_setting_gives_other_names(other: Callable[[], dict[str, Any]]) -> None:
    def named(endpoint: Callable[[], dict[str, Any]]) -> str:
        made = definition(lambda: {"endpoint": endpoint()})
        return str(made["States"]["Begin"]["Parameters"]["names"]["settings"])

    assert named(other) != named(dict)
    assert named(dict) == named(dict)


def test_a_prefix_is_cut_after_36_characters_and_never_in_doubt() -> None:
    assert release_name_prefix("e" * 36) == "e" * 36 + "--"
    cut = release_name_prefix("e" * 37)
    assert cut == f"{'e' * 27}-{short_hash('e' * 37)}--"
    assert len(cut) == 38
    assert release_name_prefix("e" * 26 + "-" * 11) == f"{'e' * 26}-{short_hash('e' * 26 + '-' * 11)}--"


def test_a_hash_is_the_same_for_the_same_parts_and_8_digits() -> None:
    assert short_hash("a", "b") == hashlib.sha256(b"a\nb").hexdigest()[:8]
    assert short_hash("ab") != short_hash("a", "b")


def test_packages_of_a_group_whose_name_says_group() -> None:
    told: list[str] = []

    def program() -> None:
        group = "arn:aws:sagemaker:r:1:model-package-group/my-group"
        package_arns(pulumi.Output.from_input(group)).apply(told.append)

    record(program)
    assert told == ["arn:aws:sagemaker:r:1:model-package/my-group/*"]


@pytest.mark.parametrize(("percent", "enabled"), [(0, False), (1, True), (100, True)])
def test_captures_are_on_from_one_percent_on(percent: int, enabled: bool) -> None:
    policy = ServingPolicy(variant_name="v", instance_type="ml.m5.large", instance_count=2, capture_percent=percent)
    assert json.loads(policy.to_json()) == {
        "variant_name": "v",
        "instance_type": "ml.m5.large",
        "instance_count": 2,
        "capture_enabled": enabled,
        "capture_percent": percent,
    }
