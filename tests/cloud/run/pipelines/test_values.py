"""Conditions and paths of pipelines, without a pipeline."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cloud.run.pipelines.definition import DefinitionError, parse
from sandbox.cloud.run.pipelines.values import ValueFailure, Values, walk

VALUES = Values({"Rate": 0.5, "Name": "x", "On": True}, {"PipelineExecutionId": "abc"}, {}, {}, None)
RATE = {"Get": "Parameters.Rate"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Type": "Equals", "LeftValue": RATE, "RightValue": 0.5}, True),
        ({"Type": "Equals", "LeftValue": {"Get": "Parameters.On"}, "RightValue": 1}, False),
        ({"Type": "GreaterThan", "LeftValue": RATE, "RightValue": 0.5}, False),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": RATE, "RightValue": 0.5}, True),
        ({"Type": "LessThan", "LeftValue": RATE, "RightValue": 1}, True),
        ({"Type": "LessThanOrEqualTo", "LeftValue": RATE, "RightValue": 0.4}, False),
        ({"Type": "In", "QueryValue": {"Get": "Parameters.Name"}, "Values": ["x", "y"]}, True),
        ({"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": RATE, "RightValue": 0.5}}, False),
        (
            {
                "Type": "Or",
                "Conditions": [
                    {"Type": "Equals", "LeftValue": 1, "RightValue": 2},
                    {"Type": "Equals", "LeftValue": "a", "RightValue": "a"},
                ],
            },
            True,
        ),
    ],
)
def test_conditions(condition: dict[str, Any], holds: bool) -> None:
    assert VALUES.holds(condition) is holds


def test_values_of_different_types_cannot_be_ordered() -> None:
    with pytest.raises(ValueFailure, match=r"GreaterThan cannot compare 'x' with 1"):
        VALUES.holds({"Type": "GreaterThan", "LeftValue": {"Get": "Parameters.Name"}, "RightValue": 1})


def test_join_writes_numbers_as_json() -> None:
    assert VALUES.resolve({"Std:Join": {"On": "-", "Values": ["a", RATE, {"Get": "Parameters.On"}]}}) == "a-0.5-true"


def test_path_picks_list_items_by_number_and_by_name() -> None:
    value = {
        "Outputs": [{"OutputName": "a", "S3Output": {"S3Uri": "1"}}, {"OutputName": "b", "S3Output": {"S3Uri": "2"}}]
    }
    assert walk(value, "Outputs['b'].S3Output.S3Uri", "p") == "2"
    assert walk(value, "Outputs[0].S3Output.S3Uri", "p") == "1"
    with pytest.raises(ValueFailure, match="has no 'c'"):
        walk(value, "Outputs['c']", "p")


def test_impossible_definitions_are_refused_with_all_problems() -> None:
    steps = [
        {"Name": "a", "Type": "Lambda", "Arguments": {}},
        {"Name": "b", "Type": "Fail", "DependsOn": ["c"], "Arguments": {"ErrorMessage": "x"}},
    ]
    with pytest.raises(
        DefinitionError, match=r"step a: its type must be one of .* got Lambda; step b waits for \['c'\]"
    ):
        parse(json.dumps({"Steps": steps}))


def test_steps_in_a_circle_are_refused() -> None:
    steps = [
        {"Name": "a", "Type": "Fail", "DependsOn": ["b"], "Arguments": {"ErrorMessage": "x"}},
        {"Name": "b", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.a.Outcome"}}},
    ]
    with pytest.raises(DefinitionError, match=r"\['a', 'b'\] wait for one another"):
        parse(json.dumps({"Steps": steps}))
