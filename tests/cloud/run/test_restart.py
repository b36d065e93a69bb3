"""What ran when the local cloud was killed is Failed afterwards, with the reason, and its processes are gone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.cloud.run import conftest
from tests.cloud.run.conftest import Cloud
from tests.cloud.run.jobs.requests import finished_training, training
from tests.cloud.run.pipelines.test_run import job
from tests.ports import free_port

REASON = "the local cloud stopped while"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cloud]:
    """A local cloud for one test, which may kill it."""
    made = Cloud(tmp_path, free_port())
    made.start()
    try:
        conftest.furnish(made)
        yield made
    finally:
        made.stop()


def _programs(folder: Path) -> list[int]:
    """Return the processes whose command line lies below a folder."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or []):
            found.append(process.info["pid"])
    return found


def test_killed_cloud_leaves_no_process_and_no_running_job(own: Cloud, role: str) -> None:
    image = conftest.built(own)
    own.put("training/a.csv", "1,2\n")
    own.wait_until_saved()  # what a kill may lose is what was done in the last second
    sagemaker = own.client("sagemaker")
    sagemaker.create_training_job(**training("long", image, role, "sleep"))
    step = job("Training", "sleeps", training("", image, role, "sleep"))
    definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    token = str(uuid.uuid4())
    sagemaker.create_pipeline(PipelineName="p", PipelineDefinition=definition, RoleArn=role, ClientRequestToken=token)
    execution = sagemaker.start_pipeline_execution(PipelineName="p")["PipelineExecutionArn"]
    codebuild = own.client("codebuild")
    spec = "version: 0.2\nphases:\n  build:\n    commands:\n      - sleep 300\n"
    build = codebuild.start_build(projectName="images", sourceTypeOverride="NO_SOURCE", buildspecOverride=spec)["build"]
    group = "/aws/sagemaker/TrainingJobs"
    own.until(lambda: "sleeping" in own.log(group, "long/"), "the job")
    own.until(lambda: "sleeping" in own.log(group, "pipelines-"), "the step's job")
    assert _programs(own.folder / "images")

    own.kill()
    own.until(lambda: not _programs(own.folder / "images"), "the jobs' processes to end")
    own.start()

    lost = sagemaker.describe_training_job(TrainingJobName="long")
    assert lost["TrainingJobStatus"] == "Failed"
    assert REASON in lost["FailureReason"]
    ended = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
    assert ended["PipelineExecutionStatus"] == "Failed"
    assert REASON in ended["FailureReason"]
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    assert [step["StepStatus"] for step in steps] == ["Failed"]
    assert own.finished_build(build["id"])["buildStatus"] == "FAULT"  # type: ignore[index]
    sagemaker.create_training_job(**training("next", image, role))  # the image and its packages are still there
    assert finished_training(own, "next")["TrainingJobStatus"] == "Completed"
