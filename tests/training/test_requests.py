"""What the pipeline asks SageMaker for, held against botocore's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests import shapes
from tests.stacks import environments
from tests.training.test_pipeline import SETTINGS
from training.pipeline import definition
from workloads.spec import named

# The steps that start something: the operation, and what SageMaker adds itself.
OPERATIONS = {
    "Processing": ("CreateProcessingJob", ("ProcessingJobName",)),
    "Training": ("CreateTrainingJob", ("TrainingJobName",)),
}


def steps(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the steps of a definition, also those behind a condition."""
    for step in listed:
        yield step
        for key in ("IfSteps", "ElseSteps"):
            yield from steps(step["Arguments"].get(key, []))


def known(value: Any) -> bool:
    """Say whether a value is in the definition, or put together when the pipeline runs."""
    return not (isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Get", "Std:Join", "Std:JsonGet"))


def problems(step: dict[str, Any]) -> list[str]:
    """Return what SageMaker would refuse of a step."""
    operation, later = OPERATIONS[step["Type"]]
    model = shapes.operation("sagemaker", operation)
    assert model is not None
    return [
        f"{step['Name']}: {problem}"
        for problem in shapes.problems(model.input_shape, step["Arguments"], known, given_later=later)
    ]


@pytest.fixture(scope="module")
def jobs() -> list[dict[str, Any]]:
    """The steps of the local environment's pipeline that are jobs."""
    (pipeline,) = environments.of("local").of("aws:sagemaker/pipeline:Pipeline")
    made = json.loads(pipeline.inputs["pipelineDefinition"])
    return [step for step in steps(made["Steps"]) if step["Type"] in OPERATIONS]


def test_every_step_asks_what_sagemaker_knows(jobs: list[dict[str, Any]]) -> None:
    assert {step["Type"] for step in jobs} == OPERATIONS.keys()
    assert [problem for step in jobs for problem in problems(step)] == []


def test_what_containers_tell_each_other_is_encrypted(jobs: list[dict[str, Any]]) -> None:
    inside = replace(SETTINGS, subnet_ids=("subnet-1",), security_group_ids=("sg-1",))
    networked = list(steps(json.loads(definition(named("flights"), inside))["Steps"]))
    told = {
        step["Name"]: step["Arguments"]["NetworkConfig"] if step["Type"] == "Processing" else step["Arguments"]
        for step in (*jobs, *networked)
        if step["Type"] == "Training" or (step["Type"] == "Processing" and step in networked)
    }
    assert told.keys() == {step["Name"] for step in jobs}
    assert {name for name, found in told.items() if found["EnableInterContainerTrafficEncryption"] is not True} == set()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"RoleArn": None}, "RoleArn must be of type string"),
        ({"Role": "arn"}, "Role is no member of CreateTrainingJobRequest"),
        ({"StoppingCondition": {"MaxRuntime": 1}}, "StoppingCondition.MaxRuntime is no member"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "MaxRuntimeInSeconds must be at least"),
        ({"ResourceConfig": {"InstanceType": "ml.huge"}}, "ResourceConfig.InstanceType must be one of"),
    ],
)
def test_what_sagemaker_does_not_know_is_found(jobs: list[dict[str, Any]], wrong: dict[str, Any], said: str) -> None:
    train = next(step for step in jobs if step["Type"] == "Training")
    assert problems(train) == []
    found = problems({**train, "Arguments": {**train["Arguments"], **wrong}})
    assert any(said in problem for problem in found), found
