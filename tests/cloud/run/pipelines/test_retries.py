"""A step is tried again as its policies say, and by default where the service failed before there was a job."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.run.pipelines import definition as definitions
from sandbox.cloud.run.pipelines import retries, run, steps
from sandbox.cloud.run.pipelines.definition import Step

CAPACITY = {
    "ExceptionType": ["SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"],
    "IntervalSeconds": 5,
    "BackoffRate": 3.0,
    "MaxAttempts": 2,
}


def step(*policies: dict[str, Any]) -> Step:
    """Return a step with policies."""
    return Step("train", "Training", {"RetryPolicies": list(policies)}, frozenset())


def error(code: str, status: int = 400) -> ClientError:
    """Return an error of SageMaker's."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "CreateTrainingJob")


def test_pauses_grow_until_the_attempts_are_used_up() -> None:
    pauses = [retries.pause(step(CAPACITY), "SageMaker.CAPACITY_ERROR", n, 0.0) for n in (1, 2, 3)]
    assert pauses == [5.0, 15.0, None]


def test_a_policy_may_end_by_time() -> None:
    policy = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "IntervalSeconds": 30, "ExpireAfterMin": 1}
    assert retries.pause(step(policy), "SageMaker.CAPACITY_ERROR", 1, 10.0) == 30.0
    assert retries.pause(step(policy), "SageMaker.CAPACITY_ERROR", 1, 31.0) is None


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        (None, False),
        ("SageMaker.JOB_INTERNAL_ERROR", False),
        ("SageMaker.CAPACITY_ERROR", True),
        ("Step.THROTTLING", True),
        ("Step.SERVICE_FAULT", True),
    ],
)
def test_only_what_a_policy_names_and_what_sagemaker_does_itself(kind: str | None, again: bool) -> None:
    assert (retries.pause(step(CAPACITY), kind, 1, 0.0) is not None) is again
    assert retries.pause(step(), "SageMaker.CAPACITY_ERROR", 1, 0.0) is None


def test_failures_are_told_apart() -> None:
    assert retries.kind_of_failure("ClientError: CapacityError: none left") == "SageMaker.CAPACITY_ERROR"
    assert retries.kind_of_failure("ClientError: InternalServerError: x") == "SageMaker.JOB_INTERNAL_ERROR"
    assert retries.kind_of_failure("ClientError: AlgorithmError: CapacityError") is None
    assert retries.kind_of_error(error("ResourceLimitExceeded")) == "SageMaker.RESOURCE_LIMIT"
    assert retries.kind_of_error(error("ThrottlingException")) == "Step.THROTTLING"
    assert retries.kind_of_error(error("InternalFailure", 500)) == "Step.SERVICE_FAULT"
    assert retries.kind_of_error(error("ValidationException")) is None


def test_a_step_without_instances_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs find no instances, the third runs; the execution succeeds and counts three attempts."""
    policy = {**CAPACITY, "IntervalSeconds": 0}
    definition = definitions.parse(
        json.dumps({"Steps": [{"Name": "train", "Type": "Training", "Arguments": {}, "RetryPolicies": [policy]}]})
    )
    record: dict[str, Any] = {
        "PipelineExecutionArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/flights/execution/abc",
        "PipelineArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/flights",
        "PipelineExecutionDisplayName": "abc",
        "PipelineExecutionStatus": "Executing",
        "CreationTime": datetime.now(UTC),
        "Steps": {},
    }
    jobs: list[int] = []

    def start(*_: Any) -> tuple[dict[str, Any], None]:
        jobs.append(len(jobs) + 1)
        return {"TrainingJob": {"Arn": f"job-{jobs[-1]}"}}, None

    def poll(*_: Any) -> dict[str, Any]:
        if len(jobs) < 3:
            raise steps.StepFailure("ClientError: CapacityError: none left")
        return {"TrainingJobName": "job-3"}

    monkeypatch.setattr(steps, "start", start)
    monkeypatch.setattr(steps, "poll", poll)
    monkeypatch.setattr(run, "_PAUSE", 0.01)
    monkeypatch.setattr(run.PipelineRun, "_emit", lambda *_: None)
    monkeypatch.setattr(run.PipelineRun, "_connect", lambda self: self.__dict__.update(_values={}, _sagemaker={}))
    run.PipelineRun(record, definition, {}).run()
    assert record["PipelineExecutionStatus"] == "Succeeded"
    assert record["Steps"]["train"]["AttemptCount"] == 3
    assert record["Steps"]["train"]["Metadata"] == {"TrainingJob": {"Arn": "job-3"}}
    assert "FailureReason" not in record["Steps"]["train"]
