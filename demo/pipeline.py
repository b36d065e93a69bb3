"""The pipeline's part of the story: one run, a line a step, and the package that it registered."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from agreements import metadata
from agreements.prefixes import RAW
from demo.console import Clock, StoryError, line, note, step
from demo.environment import Environment
from demo.patience import known

_POLL = 0.5  # seconds
_RUNNING = ("Executing", "Stopping")
_LATE = 10  # seconds for which the steps' list may show less than the status does
_PATIENCE = 30  # seconds until the registry must show what a run registered


@dataclass(frozen=True)
class Package:
    """A registered model package: its ARN, approval status and metadata."""

    arn: str
    status: str
    metadata: dict[str, str]
    created: Any

    @property
    def version(self) -> str:
        """The version number within its group."""
        return self.arn.rsplit("/", 1)[1]


def newest_package(environment: Environment) -> Package | None:
    """Return the newest package of the group that was not rejected, or None."""
    listed = (
        environment.client("sagemaker")
        .get_paginator("list_model_packages")
        .paginate(
            ModelPackageGroupName=environment.own.model_package_group_name,
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    )
    for summary in (summary for page in listed for summary in page["ModelPackageSummaryList"]):
        if summary["ModelApprovalStatus"] != "Rejected":
            return describe_package(environment, summary["ModelPackageArn"])
    return None


def registered_package(environment: Environment, execution: str) -> Package:
    """Return the package that an execution registered; the list may not show it at once.

    Raises
    ------
    StoryError
        If there is none.
    """
    clock, wanted = Clock(), execution.rsplit("/", 1)[1]
    while clock.seconds < _PATIENCE:
        package = newest_package(environment)
        if package and package.metadata.get(metadata.PIPELINE_EXECUTION) == wanted:
            return package
        time.sleep(_POLL)
    raise StoryError(
        f"the pipeline {environment.own.pipeline_name} succeeded and registered nothing in "
        f"{environment.own.model_package_group_name}"
    )


def describe_package(environment: Environment, arn: str) -> Package:
    """Read one package."""
    found = known(lambda: environment.client("sagemaker").describe_model_package(ModelPackageName=arn))
    return Package(
        arn, found["ModelApprovalStatus"], found.get("CustomerMetadataProperties", {}), found["CreationTime"]
    )


def run(environment: Environment, parameters: dict[str, str]) -> Package:
    """Run the pipeline, or follow the run that is under way, or take what an earlier run made of the same.

    Raises
    ------
    StoryError
        With the failed step and its reason.
    """
    sagemaker = environment.client("sagemaker")
    name = environment.own.pipeline_name
    newest = _newest_execution(environment)
    package = newest_package(environment)
    if newest and newest["PipelineExecutionStatus"] in _RUNNING:
        execution = newest["PipelineExecutionArn"]
        line("pipeline", name, "already running: following it")
    elif (
        package
        and package.metadata.get(metadata.CODE_DIGEST) == environment.outputs.code_digest
        and package.metadata.get(metadata.WORKLOAD_DIGEST) == environment.own.workload_digest
        and not _newer(environment, package)
    ):
        line("pipeline", name, f"nothing to train: package {package.version} came from this code, workload and data")
        return package
    else:
        started = sagemaker.start_pipeline_execution(
            PipelineName=name, PipelineParameters=[{"Name": key, "Value": value} for key, value in parameters.items()]
        )
        execution = started["PipelineExecutionArn"]
        line("pipeline", name, f"execution {execution.rsplit('/', 1)[1]}")
    follow(environment, execution)
    return registered_package(environment, execution)


def _newest_execution(environment: Environment) -> dict[str, Any] | None:
    listed = (
        environment.client("sagemaker")
        .get_paginator("list_pipeline_executions")
        .paginate(PipelineName=environment.own.pipeline_name, SortBy="CreationTime", SortOrder="Descending")
    )
    return next((dict(found) for page in listed for found in page["PipelineExecutionSummaries"]), None)


def _newer(environment: Environment, package: Package) -> bool:
    """Tell whether raw data came in after a package was registered."""
    pages = environment.client("s3").get_paginator("list_objects_v2")
    listed = pages.paginate(Bucket=environment.outputs.raw_bucket, Prefix=RAW)
    return any(found["LastModified"] > package.created for page in listed for found in page.get("Contents", []))


def follow(environment: Environment, execution: str) -> None:
    """Wait for an execution, a line a step; raise `StoryError` with the reason if it fails."""
    sagemaker = environment.client("sagemaker")
    shown: set[str] = set()
    clock, ended = Clock(), Clock()
    with step("the pipeline runs") as progress:
        while True:
            status = known(lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution))
            steps = _steps(sagemaker, execution)
            for found in sorted(steps, key=lambda s: s.get("EndTime", s.get("StartTime", 0)) or 0):
                if found["StepStatus"] in ("Succeeded", "Failed", "Stopped") and found["StepName"] not in shown:
                    shown.add(found["StepName"])
                    _show(found)
                elif found["StepStatus"] == "Executing":
                    progress.say(f"{found['StepName']} runs")
            if status["PipelineExecutionStatus"] in _RUNNING:
                ended = Clock()
            elif _complete(status["PipelineExecutionStatus"], steps) or ended.seconds > _LATE:
                break
            time.sleep(_POLL)
    if status["PipelineExecutionStatus"] != "Succeeded":
        failed = [s for s in steps if s["StepStatus"] == "Failed"]
        reasons = "\n".join(f"{s['StepName']}: {s.get('FailureReason', 'no reason given')}" for s in failed)
        raise StoryError(
            f"the pipeline run ended {status['PipelineExecutionStatus']}; nothing was registered.\n"
            f"{reasons or status.get('FailureReason', '')}\nMend it and run `make demo` again."
        )
    line("pipeline", environment.own.pipeline_name, "Succeeded", clock.seconds)


def _complete(status: str, steps: list[dict[str, Any]]) -> bool:
    """Tell whether the list of steps, which may be older than an execution's status, shows how each ended."""
    states = {found["StepStatus"] for found in steps}
    return not states & {"Starting", *_RUNNING} and (status != "Failed" or "Failed" in states)


def _steps(sagemaker: Any, execution: str) -> list[dict[str, Any]]:
    listed = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=execution)
    return known(lambda: [found for page in listed for found in page["PipelineExecutionSteps"]])


def _show(found: dict[str, Any]) -> None:
    seconds = (found["EndTime"] - found["StartTime"]).total_seconds() if "EndTime" in found else None
    jobs = found.get("Metadata", {})
    arn = next((job["Arn"] for job in jobs.values() if isinstance(job, dict) and "Arn" in job), "")
    text = f"{found['StepName']:<9} {found['StepStatus']}"
    line("", arn.split(":", 5)[-1], text, seconds)


def gates(environment: Environment, package: Package) -> None:
    """Print the metrics that the gates looked at, from the evaluation report that the package names."""
    bucket, key = package.metadata[metadata.EVALUATION_URI].removeprefix("s3://").split("/", 1)
    report = json.loads(environment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    line("gates", f"s3://{bucket}/{key}", package.metadata[metadata.GATES])
    for name, value in sorted(report["metrics"].items()):
        note(f"{name:<20} {value:.4f}" if isinstance(value, float) else f"{name:<20} {value}")
