"""A workload whose examples need nobody's history is deployed like another one, without feature groups."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.components.recording import Recording
from tests.policies.harness import judge_by_all
from tests.stacks import environments
from tests.stacks.test_policy_pack import declared
from tests.stacks.test_rights import written
from workloads import spec
from workloads.spec import REQUEST, Workload

GROUP = "pulumi-python:dynamic/features:FeatureGroup"
SWEEPER = "pulumi-python:dynamic/features:FeatureGroupSweeper"
PREPARES = "flights-features-job-policy"


def alone() -> Workload:
    """Return the flights with what a caller knows alone."""
    flights = spec.named("flights")
    asked = {name: feature for name, feature in flights.features.items() if feature.source == REQUEST}
    return flights.model_copy(update={"entities": {}, "features": asked})


@cache
def registered() -> tuple[Recording, dict[str, Any]]:
    """Register the local environment with that workload."""
    return environments.registered(environments.together("local", alone()))


def test_it_has_no_feature_group_and_says_so() -> None:
    recording, told = registered()
    assert environments.of("local").of(GROUP)
    assert recording.of(GROUP) == []
    assert told["workloads"]["flights"]["feature_groups"] == {}


def test_nothing_else_is_left_out_of_it() -> None:
    """The sweeper stays too: of a workload that had entities, a package that serves may still name their groups."""
    there, whole = ({found.urn: found.type for found in one.registrations} for one in (registered()[0], of_flights()))
    assert there.keys() <= whole.keys()
    assert {whole[urn] for urn in whole.keys() - there.keys()} == {GROUP}
    (sweeper,) = registered()[0].of(SWEEPER)
    assert sweeper.inputs["group_names"] == {}


def test_it_keeps_every_rule_of_the_policy_pack() -> None:
    report = judge_by_all(declared(registered()[0].registrations))
    assert report.silent, report.text


def test_its_rights_are_the_flights_but_for_the_feature_groups() -> None:
    text, whole = (_paragraphs(one) for one in (registered()[0], of_flights()))
    assert text.keys() == whole.keys()
    assert {name for name in text if text[name] != whole[name]} == {PREPARES}
    gone = [line for line in whole[PREPARES] if line not in text[PREPARES]]
    assert [line for line in text[PREPARES] if line not in whole[PREPARES]] == []
    groups = [line for line in gone if ":feature-group/" in line]
    assert len(groups) == len(spec.named("flights").entities)
    allowed = [line.removeprefix("  Allow ").split(", ") for line in gone if line not in groups]
    assert all(action.startswith("sagemaker:") for action in allowed[0])
    assert allowed[1:] == [["kms:Decrypt", "kms:GenerateDataKey"]], "of the online stores"


def test_every_statement_of_its_policies_names_a_resource() -> None:
    policies = registered()[0].of("aws:iam/rolePolicy:RolePolicy")
    statements = [one for found in policies for one in json.loads(found.inputs["policy"])["Statement"]]
    assert statements
    assert [one for one in statements if not one["Resource"]] == []


def of_flights() -> Recording:
    """Return the same environment with the whole flights."""
    return environments.of("local")


def _paragraphs(recording: Recording) -> dict[str, list[str]]:
    return {text.split()[0]: text.splitlines() for text in written(recording).rstrip("\n").split("\n\n")}
