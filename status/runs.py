"""A pipeline's runs: the newest one, its steps, and why one failed, followed to the job's own reason and log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from status.environment import Environment
from status.patience import known

RUNNING = ("Executing", "Stopping")
_LOG_GROUPS = {"processing-job": "/aws/sagemaker/ProcessingJobs", "training-job": "/aws/sagemaker/TrainingJobs"}
_EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Failure:
    """A step that failed.

    Attributes
    ----------
    step, reason : str
        Its name, and why: what the job itself wrote, where a job failed.
    job : str
        ``processing-job/<name>`` or ``training-job/<name>``; empty where no job was made.
    log_group, log_stream : str
        Where the job's output is; empty where there is none.
    """

    step: str
    reason: str
    job: str = ""
    log_group: str = ""
    log_stream: str = ""

    def lines(self) -> list[str]:
        """Say it: the reason's lines, and one for the log where there is one."""
        told = f"{self.step}: {self.reason}".splitlines()
        return [*told, f"log of {self.job}: {self.log_group} {self.log_stream}"] if self.log_stream else told


@dataclass(frozen=True)
class Evaluation:
    """What the gates saw of a model.

    Attributes
    ----------
    passed : bool
        Whether every gate passed.
    message : str
        Which did not, and how far.
    metrics : mapping of str to float
    """

    passed: bool
    message: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Run:
    """One execution of a pipeline.

    Attributes
    ----------
    arn, status : str
    began, ended : datetime
        The end is None while it runs.
    failures : tuple of Failure
        Why it failed; empty where it did not.
    reason : str
        What SageMaker says of the execution as a whole.
    evaluation : Evaluation or None
        None where it came to none.
    """

    arn: str
    status: str
    began: datetime
    ended: datetime | None
    failures: tuple[Failure, ...]
    reason: str
    evaluation: Evaluation | None

    @property
    def execution(self) -> str:
        """Its id within the pipeline."""
        return self.arn.rsplit("/", 1)[-1]


def newest_execution(environment: Environment) -> dict[str, Any] | None:
    """Return the summary of the newest execution of the workload's pipeline, or None."""
    listed = (
        environment.client("sagemaker")
        .get_paginator("list_pipeline_executions")
        .paginate(PipelineName=environment.own.pipeline_name, SortBy="CreationTime", SortOrder="Descending")
    )
    return next((dict(found) for page in listed for found in page["PipelineExecutionSummaries"]), None)


def steps_of(environment: Environment, execution: str) -> list[dict[str, Any]]:
    """Return an execution's steps, as SageMaker lists them."""
    paginator = environment.client("sagemaker").get_paginator("list_pipeline_execution_steps")
    return known(
        lambda: [
            found
            for page in paginator.paginate(PipelineExecutionArn=execution)
            for found in page["PipelineExecutionSteps"]
        ]
    )


def newest(environment: Environment) -> Run | None:
    """Read the newest run of the workload's pipeline, or None where it never ran."""
    summary = newest_execution(environment)
    if summary is None:
        return None
    arn = summary["PipelineExecutionArn"]
    found = known(lambda: environment.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn))
    status = found["PipelineExecutionStatus"]
    steps = steps_of(environment, arn)
    return Run(
        arn,
        status,
        found["CreationTime"],
        None if status in RUNNING else found["LastModifiedTime"],
        tuple(failures(environment, steps)),
        found.get("FailureReason", ""),
        _evaluation(environment, steps),
    )


def failures(environment: Environment, steps: Iterable[Mapping[str, Any]]) -> list[Failure]:
    """Say why steps failed, each by what its job said itself.

    Parameters
    ----------
    environment : Environment
        Whose steps they are.
    steps : iterable of mapping
        As SageMaker lists them; those that did not fail are left out.
    """
    return [_failure(environment, step) for step in steps if step["StepStatus"] == "Failed"]


def job_of(step: Mapping[str, Any]) -> str:
    """Return the ARN of the job that a step started, or an empty string."""
    metadata = step.get("Metadata", {}).values()
    return next((str(job["Arn"]) for job in metadata if isinstance(job, dict) and "Arn" in job), "")


def _failure(environment: Environment, step: Mapping[str, Any]) -> Failure:
    name, said = step["StepName"], step.get("FailureReason", "")
    job = job_of(step).split(":", 5)[-1]
    kind, _, job_name = job.partition("/")
    if kind not in _LOG_GROUPS:
        return Failure(name, said or "no reason given")
    reason = _reason(environment, kind, job_name) or said or "no reason given"
    stream = _stream(environment, _LOG_GROUPS[kind], job_name)
    return Failure(name, reason, job, _LOG_GROUPS[kind] if stream else "", stream)


def _reason(environment: Environment, kind: str, job: str) -> str:
    """Return what a job wrote of its failure: a processing job as its exit message, a training job as its reason."""
    sagemaker = environment.client("sagemaker")
    if kind == "processing-job":
        found = known(lambda: sagemaker.describe_processing_job(ProcessingJobName=job))
    else:
        found = known(lambda: sagemaker.describe_training_job(TrainingJobName=job))
    return str(found.get("ExitMessage") or found.get("FailureReason") or "")


def _stream(environment: Environment, group: str, job: str) -> str:
    """Return the job's newest log stream; an empty string where it wrote none."""
    logs = environment.client("logs")
    try:
        listed = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=f"{job}/")
        streams = [found for page in listed for found in page["logStreams"]]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return str(max(streams, key=lambda found: found.get("creationTime", 0))["logStreamName"]) if streams else ""


def _evaluation(environment: Environment, steps: Iterable[Mapping[str, Any]]) -> Evaluation | None:
    done = [step for step in steps if step["StepName"] == "evaluate" and step["StepStatus"] == "Succeeded"]
    if not done:
        return None
    job = job_of(done[0]).rsplit("/", 1)[-1]
    sagemaker = environment.client("sagemaker")
    (output,) = known(lambda: sagemaker.describe_processing_job(ProcessingJobName=job))["ProcessingOutputConfig"][
        "Outputs"
    ]
    return evaluation_at(environment, f"{output['S3Output']['S3Uri'].rstrip('/')}/{_EVALUATION}")


def evaluation_at(environment: Environment, uri: str) -> Evaluation:
    """Read an evaluation; where it cannot be read, its message says why."""
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    try:
        report = json.loads(environment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        return Evaluation(False, f"{uri} cannot be read: {error}", {})
    return Evaluation(bool(report["gates"]["passed"]), report["failure_message"], report["metrics"])
