"""The pipeline's part of the story: one run, a line a step, and the package that it registered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from agreements import metadata, prefixes
from demo.console import Clock, StoryError, line, note, step
from status import packages, runs
from status.environment import Environment
from status.packages import Package
from status.patience import known
from status.report import number
from workloads.spec import Workload

_POLL = 0.5  # seconds
_LATE = 10  # seconds for which the steps' list may show less than the status does
_PATIENCE = 30  # seconds until the registry must show what a run registered


def registered_package(environment: Environment, execution: str) -> Package:
    """Return the package that an execution registered; the list may not show it at once.

    Raises
    ------
    StoryError
        If there is none.
    """
    clock, wanted = Clock(), execution.rsplit("/", 1)[1]
    while clock.seconds < _PATIENCE:
        package = packages.newest_package(environment)
        if package and package.metadata.get(metadata.PIPELINE_EXECUTION) == wanted:
            return package
        time.sleep(_POLL)
    raise StoryError(
        f"the pipeline {environment.own.pipeline_name} succeeded and registered nothing in "
        f"{environment.own.model_package_group_name}"
    )


def run(environment: Environment, workload: Workload, parameters: Mapping[str, str]) -> Package:
    """Run the pipeline, or follow the run that is under way, or take what an earlier run made of the same.

    Raises
    ------
    StoryError
        With the failed step and its reason.
    """
    return finished(environment, started(environment, workload, parameters))


def started(environment: Environment, workload: Workload, parameters: Mapping[str, str]) -> str | None:
    """Start the pipeline, and return the execution: a new one, or the one that is under way.

    Returns
    -------
    str or None
        The execution's ARN; None where an earlier run made a package of the same.
    """
    name = environment.own.pipeline_name
    newest, package = runs.newest_execution(environment), packages.newest_package(environment)
    if newest and newest["PipelineExecutionStatus"] in runs.RUNNING:
        line("pipeline", name, "already running: following it")
        return str(newest["PipelineExecutionArn"])
    if package and _made_of_the_same(environment, package) and not _newer(environment, workload, package):
        line("pipeline", name, f"nothing to train: package {package.version} came from this code, workload and data")
        return None
    execution: str = environment.client("sagemaker").start_pipeline_execution(
        PipelineName=name, PipelineParameters=[{"Name": key, "Value": value} for key, value in parameters.items()]
    )["PipelineExecutionArn"]
    line("pipeline", name, f"execution {execution.rsplit('/', 1)[1]}")
    return execution


def finished(environment: Environment, execution: str | None) -> Package:
    """Follow what `started` returned to its end, and return the package that came of it.

    Raises
    ------
    StoryError
        With the failed step, its reason and its log.
    """
    if execution is not None:
        follow(environment, execution)
        return registered_package(environment, execution)
    package = packages.newest_package(environment)
    if package is None:
        raise StoryError(f"{environment.own.model_package_group_name} had a package a moment ago, and has none now")
    return package


def _made_of_the_same(environment: Environment, package: Package) -> bool:
    made_of = package.metadata.get(metadata.CODE_DIGEST), package.metadata.get(metadata.WORKLOAD_DIGEST)
    return made_of == (environment.outputs.code_digest, environment.own.workload_digest)


def _newer(environment: Environment, workload: Workload, package: Package) -> bool:
    """Tell whether raw data of the workload's sources came in after a package was registered."""
    pages = environment.client("s3").get_paginator("list_objects_v2")
    bucket = environment.outputs.raw_bucket
    listed = (
        page for source in workload.sources for page in pages.paginate(Bucket=bucket, Prefix=prefixes.source(source))
    )
    return any(found["LastModified"] > package.created for page in listed for found in page.get("Contents", []))


def follow(environment: Environment, execution: str) -> None:
    """Wait for an execution, a line a step; raise `StoryError` with the reason if it fails."""
    sagemaker = environment.client("sagemaker")
    shown: set[str] = set()
    ended = Clock()
    with step("the pipeline runs") as progress:
        while True:
            status = known(lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution))
            steps = runs.steps_of(environment, execution)
            for found in sorted(steps, key=lambda s: s.get("EndTime", s.get("StartTime", 0)) or 0):
                if found["StepStatus"] in ("Succeeded", "Failed", "Stopped") and found["StepName"] not in shown:
                    shown.add(found["StepName"])
                    _show(found)
                elif found["StepStatus"] == "Executing":
                    progress.say(f"{found['StepName']} runs")
            if status["PipelineExecutionStatus"] in runs.RUNNING:
                ended = Clock()
            elif _complete(status["PipelineExecutionStatus"], steps) or ended.seconds > _LATE:
                break
            time.sleep(_POLL)
    if status["PipelineExecutionStatus"] != "Succeeded":
        told = [text for failure in runs.failures(environment, steps) for text in failure.lines()]
        raise StoryError(
            f"the pipeline run ended {status['PipelineExecutionStatus']}; nothing was registered.\n"
            + ("\n".join(told) or status.get("FailureReason", ""))
            + "\nMend it and run the same command again."
        )
    took = status["LastModifiedTime"] - status["CreationTime"]
    line("pipeline", environment.own.pipeline_name, "Succeeded", took.total_seconds())


def _complete(status: str, steps: list[dict[str, Any]]) -> bool:
    """Tell whether the list of steps, which may be older than an execution's status, shows how each ended."""
    states = {found["StepStatus"] for found in steps}
    return not states & {"Starting", *runs.RUNNING} and (status != "Failed" or "Failed" in states)


def _show(found: dict[str, Any]) -> None:
    seconds = (found["EndTime"] - found["StartTime"]).total_seconds() if "EndTime" in found else None
    line("", runs.job_of(found).split(":", 5)[-1], f"{found['StepName']:<9} {found['StepStatus']}", seconds)


def gates(environment: Environment, package: Package) -> None:
    """Print the metrics that the gates looked at, from the evaluation report that the package names."""
    uri = package.metadata[metadata.EVALUATION_URI]
    evaluation = runs.evaluation_at(environment, uri)
    line("gates", uri, package.metadata[metadata.GATES])
    for name, value in sorted(evaluation.metrics.items()):
        note(f"{name:<30} {number(value)}")
