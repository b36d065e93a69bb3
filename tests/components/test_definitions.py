"""What the state machines ask of AWS, as they are sent, held against botocore's models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests import shapes
from tests.stacks import environments

MACHINE = "aws:sfn/stateMachine:StateMachine"
_SERVICES = {
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "sfn": "stepfunctions",
}  # Step Functions' names where they are not botocore's
_PATH = re.compile(r"\$((?:\.\w+|\[[^\]]*\])+)")


def definitions() -> list[tuple[str, dict[str, Any]]]:
    recording = environments.of("local")
    return [(found.name, json.loads(found.inputs["definition"])) for found in recording.of(MACHINE)]


def tasks(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tasks of a machine, also of its maps and parallels, by name."""
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            yield name, state
        for inner in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            yield from tasks(inner)


def called(state: dict[str, Any]) -> tuple[str, str]:
    """Return the service and the operation that a task names."""
    *_, service, operation = state["Resource"].split(":")
    return _SERVICES.get(service, service), operation.partition(".")[0]


def literal(value: Any) -> Any:
    """Return parameters without the marks of those that are filled in when the machine runs."""
    if isinstance(value, dict):
        return {key.removesuffix(".$"): None if key.endswith(".$") else literal(inner) for key, inner in value.items()}
    return [literal(inner) for inner in value] if isinstance(value, list) else value


def spelled(value: Any, shape: Any) -> Any:
    """Write parameters as botocore does: Step Functions begins every name with a capital letter."""
    if isinstance(value, dict) and shape is not None and not any(name[0].isupper() for name in shape.members):
        return {key[0].lower() + key[1:] if key[0].isupper() else f"not {key}": inner for key, inner in value.items()}
    return value


def problems(name: str, state: dict[str, Any]) -> Iterator[str]:
    """Yield what AWS would refuse of a task, or never answer."""
    service, operation = called(state)
    model = shapes.operation(service, operation)
    if model is None:
        yield f"{name}: {service} knows no {operation}"
        return
    given = spelled(literal(state.get("Parameters", {})), model.input_shape)
    for found in shapes.problems(model.input_shape, given, lambda value: value is not None):
        yield f"{name}: {operation} {found}"
    for path in state.get("ResultSelector", {}).values():
        for used in _PATH.findall(path) if isinstance(path, str) else ():
            names = re.findall(r"\.(\w+)", used.partition("[")[0])
            answer = model.output_shape
            if not shapes.member(answer, list(spelled(dict.fromkeys(names), answer)) if len(names) == 1 else names):
                yield f"{name}: {operation} answers without {used}"


@pytest.mark.parametrize(
    ("machine", "definition"), definitions(), ids=lambda value: value if type(value) is str else ""
)
def test_every_task_asks_what_aws_knows(machine: str, definition: dict[str, Any]) -> None:
    found = list(tasks(definition))
    assert found, machine
    assert [problem for name, state in found for problem in problems(name, state)] == []


TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeModel",
    "Parameters": {"ModelName.$": "$.name"},
    "ResultSelector": {"image.$": "$.PrimaryContainer.Image"},
}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"Resource": "arn:aws:states:::aws-sdk:sagemaker:describeModels"}, "sagemaker knows no describeModels"),
        ({"Parameters": {"Name.$": "$.name", "ModelName": "m"}}, "Name is no member of DescribeModelInput"),
        ({"Parameters": {}}, "ModelName is required"),
        ({"Parameters": {"ModelName": 1}}, "ModelName must be of type string"),
        ({"ResultSelector": {"image.$": "$.PrimaryContainer.Picture"}}, "answers without .PrimaryContainer.Picture"),
    ],
)
def test_what_aws_does_not_know_is_found(wrong: dict[str, Any], said: str) -> None:
    assert list(problems("Look", TASK)) == []
    found = list(problems("Look", TASK | wrong))
    assert any(said in problem for problem in found), found
