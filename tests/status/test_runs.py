"""A failed run is followed to what its job wrote, and to the job's log."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from status import runs
from status.environment import Environment
from tests.status.told import stubbed

EXECUTION = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/flights/execution/abcdefghijkl"
JOB = "arn:aws:sagemaker:us-east-1:000000000000:{kind}/flights--{step}-1"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Aws:
    """Clients whose answers are given, in their order."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        self.clients = {name: boto3.client(name, "us-east-1", **keys) for name in ("sagemaker", "logs", "s3")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}

    def environment(self) -> Environment:
        """Return the environment that they are of."""
        return stubbed(**self.clients)

    def says(self, service: str, method: str, answer: dict[str, Any]) -> None:
        """Let a service answer a call."""
        self.stubs[service].add_response(method, answer)

    def ran(self, status: str, *steps: dict[str, Any], reason: str = "") -> None:
        """Let SageMaker tell of the newest run."""
        summary = {"PipelineExecutionArn": EXECUTION, "PipelineExecutionStatus": status}
        self.says("sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": [summary]})
        times = {"CreationTime": NOON, "LastModifiedTime": NOON.replace(minute=1)}
        said = {"FailureReason": reason} if reason else {}
        self.says("sagemaker", "describe_pipeline_execution", {"PipelineExecutionStatus": status, **times, **said})
        self.says("sagemaker", "list_pipeline_execution_steps", {"PipelineExecutionSteps": list(steps)})


@pytest.fixture
def aws() -> Iterator[Aws]:
    """SageMaker, logs and S3 as the test has them answer; all must be asked for."""
    found = Aws()
    with ExitStack() as entered:
        for stub in found.stubs.values():
            entered.enter_context(stub)
        yield found
        for stub in found.stubs.values():
            stub.assert_no_pending_responses()


def step(name: str, status: str, kind: str = "", said: str = "") -> dict[str, Any]:
    """Return a step as SageMaker lists it."""
    field = {"processing-job": "ProcessingJob", "training-job": "TrainingJob"}.get(kind)
    metadata = {field: {"Arn": JOB.format(kind=kind, step=name)}} if field else {}
    return {"StepName": name, "StepStatus": status, "Metadata": metadata, "FailureReason": said}


def test_a_pipeline_that_never_ran_has_no_run(aws: Aws) -> None:
    aws.says("sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": []})
    assert runs.newest(aws.environment()) is None


def failed_training(step: str, **more: Any) -> dict[str, Any]:
    """Describe a training job that failed, with all that AWS always says of one."""
    return {
        "TrainingJobName": f"flights--{step}-1",
        "TrainingJobArn": JOB.format(kind="training-job", step=step),
        "ModelArtifacts": {"S3ModelArtifacts": "s3://none"},
        "TrainingJobStatus": "Failed",
        "SecondaryStatus": "Failed",
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {},
        "CreationTime": NOON,
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "describe", "answer"),
    [
        (
            "processing-job",
            "describe_processing_job",
            {
                "ProcessingJobName": "flights--check-1",
                "ProcessingJobArn": JOB.format(kind="processing-job", step="check"),
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                },
                "AppSpecification": {"ImageUri": "image"},
                "ProcessingJobStatus": "Failed",
                "CreationTime": NOON,
                "FailureReason": "AlgorithmError: See job logs for more information",
                "ExitMessage": "weekday must be from 1 to 7, got 9 in 3 rows.",
            },
        ),
        (
            "training-job",
            "describe_training_job",
            failed_training("check", FailureReason="weekday must be from 1 to 7, got 9 in 3 rows."),
        ),
    ],
)
def test_a_job_that_failed_says_why_itself(aws: Aws, kind: str, describe: str, answer: dict[str, Any]) -> None:
    said = "ClientError: One or multiple steps failed"
    aws.ran("Failed", step("prepare", "Succeeded", "processing-job"), step("check", "Failed", kind, said))
    aws.says("sagemaker", describe, answer)
    streams = [
        {"logStreamName": "flights--check-1/algo-1-1", "creationTime": 1},
        {"logStreamName": "flights--check-1/algo-1-2", "creationTime": 2},
    ]
    aws.says("logs", "describe_log_streams", {"logStreams": streams})
    run = runs.newest(aws.environment())
    assert run is not None
    (failure,) = run.failures
    group = {"processing-job": "/aws/sagemaker/ProcessingJobs", "training-job": "/aws/sagemaker/TrainingJobs"}[kind]
    assert failure.lines() == [
        "check: weekday must be from 1 to 7, got 9 in 3 rows.",
        f"log of {kind}/flights--check-1: {group} flights--check-1/algo-1-2",
    ]
    assert run.evaluation is None


def test_a_job_without_a_reason_or_a_log_leaves_what_the_step_says(aws: Aws) -> None:
    aws.ran("Failed", step("train", "Failed", "training-job", "CapacityError: no instances"))
    aws.says("sagemaker", "describe_training_job", failed_training("train"))
    aws.stubs["logs"].add_client_error("describe_log_streams", "ResourceNotFoundException")
    run = runs.newest(aws.environment())
    assert run is not None
    assert [failure.lines() for failure in run.failures] == [["train: CapacityError: no instances"]]


def evaluated(aws: Aws, passed: int, message: str) -> None:
    """Let evaluate have written a report."""
    answer = {
        "ProcessingJobName": "flights--evaluate-1",
        "ProcessingJobArn": JOB.format(kind="processing-job", step="evaluate"),
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingJobStatus": "Completed",
        "CreationTime": NOON,
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "evaluation",
                    "S3Output": {"S3Uri": "s3://curated/flights/evaluate", "S3UploadMode": "EndOfJob"},
                }
            ]
        },
    }
    aws.says("sagemaker", "describe_processing_job", answer)
    report = {"gates": {"passed": passed}, "failure_message": message, "metrics": {"roc_auc": 0.7}}
    body = json.dumps(report).encode()
    aws.stubs["s3"].add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(body), len(body))},
        {"Bucket": "curated", "Key": "flights/evaluate/evaluation.json"},
    )


def test_a_run_that_failed_in_a_gate_says_which_and_how_far(aws: Aws) -> None:
    message = "roc_auc must be at least 0.72, got 0.7000"
    aws.ran(
        "Failed",
        step("evaluate", "Succeeded", "processing-job"),
        step("gates_failed", "Failed", said=f"The flights model is not registered: {message}"),
    )
    evaluated(aws, 0, message)
    run = runs.newest(aws.environment())
    assert run is not None
    assert run.failures == (runs.Failure("gates_failed", f"The flights model is not registered: {message}"),)
    assert run.evaluation == runs.Evaluation(False, message, {"roc_auc": 0.7})


def test_a_reason_of_several_lines_keeps_them() -> None:
    assert runs.Failure("check", "two rules are broken:\n- one\n- two").lines() == [
        "check: two rules are broken:",
        "- one",
        "- two",
    ]


def test_a_run_that_still_works_has_no_end(aws: Aws) -> None:
    aws.ran("Executing", step("prepare", "Executing", "processing-job"))
    run = runs.newest(aws.environment())
    assert run is not None
    assert (run.execution, run.ended, run.failures) == ("abcdefghijkl", None, ())


def test_an_evaluation_that_cannot_be_read_says_so(aws: Aws) -> None:
    aws.stubs["s3"].add_client_error("get_object", "AccessDenied", "no right")
    found = runs.evaluation_at(aws.environment(), "s3://curated/a/evaluation.json")
    assert not found.passed
    assert "s3://curated/a/evaluation.json cannot be read" in found.message
    assert "no right" in found.message
