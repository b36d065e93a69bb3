"""Training may not judge itself: its code gets no further than its model deserves, and no role reaches another's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from status import packages
from status.environment import Environment
from tests.sandbox import attacks
from tests.sandbox.conftest import Released

_SECONDS = 300.0
_DATA = {"DataStart": "2013-01-01", "DataEnd": "2013-01-11"}


@pytest.fixture(scope="module")
def attacked(environment: Environment, released: Released) -> Iterator[dict[str, dict[str, Any]]]:
    """Executions of the deployed pipeline with other training code, run beside each other: by name, their steps."""
    sagemaker = environment.client("sagemaker")
    described = sagemaker.describe_pipeline(PipelineName=environment.own.pipeline_name)
    codes = {
        "rewrites": attacks.REWRITES,
        "memorises": attacks.MEMORISES.replace("BUCKET", environment.outputs.curated_bucket),
        "meddles": attacks.MEDDLES,
    }
    executions = {}
    for name, code in codes.items():
        definition = json.loads(described["PipelineDefinition"])
        (train,) = (step for step in definition["Steps"] if step["Name"] == "train")
        _train_with(environment, train["Arguments"], name, code)
        sagemaker.create_pipeline(
            PipelineName=f"attack-{name}",
            PipelineDefinition=json.dumps(definition),
            RoleArn=described["RoleArn"],
            ClientRequestToken=f"{name}-{time.time_ns()}".ljust(32, "-"),
        )
        executions[name] = sagemaker.start_pipeline_execution(
            PipelineName=f"attack-{name}",
            PipelineParameters=[{"Name": key, "Value": value} for key, value in _DATA.items()],
        )["PipelineExecutionArn"]
    yield {name: _ended(environment, execution) for name, execution in executions.items()}
    for name in codes:
        sagemaker.delete_pipeline(PipelineName=f"attack-{name}", ClientRequestToken=str(time.time_ns()).ljust(32, "-"))


def _train_with(environment: Environment, request: dict[str, Any], name: str, code: str) -> None:
    """Let a training job run other code, which it gets as a channel; whatever it may read is all that it may read."""
    bucket, prefix = environment.outputs.curated_bucket, f"{environment.workload}/prepare/training/attack-{name}"
    environment.client("s3").put_object(Bucket=bucket, Key=f"{prefix}/attack.py", Body=code.encode())
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}", "S3DataDistributionType": "FullyReplicated"}
    request["InputDataConfig"].append({"ChannelName": "attack", "DataSource": {"S3DataSource": source}})
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python", "-c", attacks.RUN]


def _ended(environment: Environment, execution: str) -> dict[str, Any]:
    """Wait for an execution's end and return its id, and each step's reason by name, None where it succeeded."""
    sagemaker = environment.client("sagemaker")
    end = time.monotonic() + _SECONDS
    while (
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"] == "Executing"
    ):
        assert time.monotonic() < end, f"{execution} did not end"
        time.sleep(0.5)
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
    return {"execution": execution.rpartition("/")[2], **{s["StepName"]: s.get("FailureReason") for s in steps}}


def test_nothing_that_tried_is_registered(
    environment: Environment, released: Released, attacked: dict[str, dict[str, Any]]
) -> None:
    newest = packages.newest_package(environment)
    assert newest is not None
    assert newest.arn == released.package.arn
    assert not [name for name, steps in attacked.items() if "register" in steps or "package" in steps]


def test_a_model_that_rewrites_its_evaluation_is_judged_by_its_answers(
    environment: Environment, attacked: dict[str, dict[str, Any]]
) -> None:
    steps = attacked["rewrites"]
    key = f"{environment.workload}/score/scores/{steps['execution']}/evaluation.json"
    written = environment.client("s3").get_object(Bucket=environment.outputs.curated_bucket, Key=key)["Body"].read()
    assert json.loads(written)["gates"] == {"passed": 1}  # it ran, and wrote where it could
    assert steps["score"] is steps["evaluate"] is None
    assert "roc_auc must be at least 0.72, got 0.5000" in steps["gates_failed"]


def test_a_model_that_memorises_what_it_finds_finds_no_answer_of_the_holdout(
    attacked: dict[str, dict[str, Any]],
) -> None:
    steps = attacked["memorises"]
    assert steps["train"] is None, steps["train"]
    assert "roc_auc must be at least 0.72, got 0.5" in steps["gates_failed"]


@pytest.mark.parametrize("action", ["sagemaker:CreateModelPackage", "sagemaker-mlflow:DeleteRun"])
def test_training_that_registers_by_itself_or_deletes_runs_is_refused(
    attacked: dict[str, dict[str, Any]], action: str
) -> None:
    assert f"not authorized to perform: {action}" in attacked["meddles"]["train"]


def _as_role(environment: Environment, role: str, service: str) -> Any:
    keys = environment.client("sts").assume_role(
        RoleArn=environment.own.roles[role], RoleSessionName="tries-what-is-not-its-own"
    )["Credentials"]
    return boto3.client(
        service,
        region_name=environment.outputs.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


_READS = {
    "features": ("train/model", "score/scores", "evaluate/evaluation", "package/package"),
    "training": ("prepare/holdout", "prepare/labels", "prepare/histories", "train/model", "score/scores"),
    "scoring": ("prepare/training", "prepare/labels", "score/scores", "evaluate/evaluation", "package/package"),
    "evaluating": ("prepare/training", "prepare/holdout", "evaluate/evaluation", "package/package"),
    "registering": ("prepare/labels", "prepare/holdout", "score/scores", "approved/champion"),
    "pipeline": ("prepare/training", "prepare/labels", "train/model", "score/scores"),
}
_WRITES = {
    "features": ("train/model", "score/scores", "approved/champion", "evaluate/evaluation", "package/package"),
    "training": ("prepare/training", "prepare/labels", "score/scores", "approved/champion", "evaluate/evaluation"),
    "scoring": ("prepare/labels", "train/model", "approved/champion", "evaluate/evaluation", "package/package"),
    "evaluating": ("prepare/labels", "train/model", "score/scores", "champion/scores", "package/package"),
    "registering": ("prepare/labels", "train/model", "score/scores", "evaluate/evaluation"),
    "pipeline": ("prepare/labels", "train/model", "score/scores", "evaluate/evaluation"),
}


@pytest.mark.parametrize("role", _READS)
def test_a_role_neither_reads_nor_writes_what_is_not_its_own(
    environment: Environment, released: Released, role: str
) -> None:
    everything = environment.client("s3")
    s3, bucket = _as_role(environment, role, "s3"), environment.outputs.curated_bucket
    for output in _READS[role]:
        prefix = f"{environment.workload}/{output}/"
        listed = everything.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=bucket, Key=listed[0]["Key"])
    for output in _WRITES[role]:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key=f"{environment.workload}/{output}/tried/file", Body=b"mine")
    archive = f"packages/{environment.own.model_package_group_name}/tried/model.tar.gz"
    if role != "registering":
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=environment.outputs.artifacts_bucket, Key=archive, Body=b"mine", IfNoneMatch="*")
        with pytest.raises(ClientError, match="not authorized"):
            _as_role(environment, role, "sagemaker").create_model_package(
                ModelPackageGroupName=environment.own.model_package_group_name,
                ModelApprovalStatus="PendingManualApproval",
            )


@pytest.mark.parametrize("role", ["features", "training", "scoring", "evaluating", "registering"])
def test_a_jobs_role_writes_the_logs_of_its_own_jobs_only(
    environment: Environment, released: Released, role: str
) -> None:
    logs = _as_role(environment, role, "logs")
    for kind, stream in (
        ("ProcessingJobs", "headrace-local-flights-2--prepare-x/algo-1"),
        ("ProcessingJobs", f"{environment.own.pipeline_name}--other-x/algo-1"),
        ("TrainingJobs", "somebody-elses/algo-1"),
        ("Endpoints/somebodys", "live/i-1"),
    ):
        with pytest.raises(ClientError, match="not authorized"):
            logs.create_log_stream(logGroupName=f"/aws/sagemaker/{kind}", logStreamName=stream)


def test_the_pipelines_role_touches_no_job_of_another(environment: Environment, released: Released) -> None:
    sagemaker = _as_role(environment, "pipeline", "sagemaker")
    for name in ("headrace-local-flights-2--train-x", "pipelines-7lufwplmgho7-train-0XO1dvZKog"):
        with pytest.raises(ClientError, match="not authorized"):
            sagemaker.stop_training_job(TrainingJobName=name)
        with pytest.raises(ClientError, match="not authorized"):
            sagemaker.stop_processing_job(ProcessingJobName=name)
        with pytest.raises(ClientError, match="not authorized"):
            sagemaker.add_tags(
                ResourceArn=f"arn:aws:sagemaker:{environment.outputs.region}:000000000000:training-job/{name}",
                Tags=[{"Key": "mine", "Value": "yes"}],
            )
