"""Training jobs: CreateTrainingJob, DescribeTrainingJob, StopTrainingJob, ListTrainingJobs."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam.service_uses import TRAINING_JOB
from sandbox.cloud.run.jobs import common
from sandbox.cloud.run.jobs.run import LONGEST_REASON, JobRun, missing_input
from sandbox.cloud.run.shared import transfer
from sandbox.cloud.run.shared.roles import assume, describe_error, role_client
from sandbox.cloud.state import records

KIND = "TrainingJob"
_MEMBERS = (
    "TrainingJobName", "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig",
    "ResourceConfig", "VpcConfig", "StoppingCondition", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig", "Environment",
    "RetryStrategy", "ExperimentConfig",
)  # fmt: skip
_SUMMARY = (
    "TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime", "TrainingJobStatus",
    "SecondaryStatus",
)  # fmt: skip
_LAST_STATUS = {
    "Completed": ("Completed", "Training job completed"),
    "Stopped": ("Stopped", "Training job stopped"),
    "Failed": ("Failed", ""),
}


class TrainingRun(JobRun):
    """One training job's work."""

    def image_uri(self) -> str:
        """Return the algorithm's image."""
        return str(self.record["AlgorithmSpecification"]["TrainingImage"])

    def command(self) -> tuple[Sequence[str] | None, Sequence[str]]:
        """SageMaker starts the image with the argument ``train`` unless the request says otherwise."""
        algorithm = self.record["AlgorithmSpecification"]
        entrypoint = algorithm.get("ContainerEntrypoint")
        return entrypoint, algorithm.get("ContainerArguments") or ([] if entrypoint else ["train"])

    def reason(self, code: int) -> str:
        """Return what the container wrote to /opt/ml/output/failure, with its exit code."""
        path = self.base / "output" / "failure"
        said = path.read_text("utf-8", "replace").strip() if path.is_file() else ""
        return f"{said[: LONGEST_REASON - 50]}, exit code: {code}"

    def keys_named(self) -> tuple[str | None, str | None]:
        """Return the keys of the model and of the instances' volumes."""
        return self.record["OutputDataConfig"].get("KmsKeyId"), self.record["ResourceConfig"].get("VolumeKmsKeyId")

    def prepare(self, s3: Any) -> None:
        """Write the configuration files and download every channel."""
        self.advance("Downloading", "Downloading the training image")
        config = self.base / "input" / "config"
        for folder in (config, self.base / "input" / "data", self.base / "model", self.base / "output" / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        described = {}
        mode = self.record["AlgorithmSpecification"]["TrainingInputMode"]
        for channel in self.record.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            folder = self.base / "input" / "data" / channel["ChannelName"]
            transfer.download(s3, source["S3Uri"], folder, source.get("S3DataType", "S3Prefix"))
            described[channel["ChannelName"]] = {
                "TrainingInputMode": channel.get("InputMode", mode),
                "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
                "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            }
            if "ContentType" in channel:
                described[channel["ChannelName"]]["ContentType"] = channel["ContentType"]
        group = {"instance_group_name": "homogeneousCluster", "hosts": ["algo-1"]}
        written = {
            "hyperparameters": self.record.get("HyperParameters", {}),
            "inputdataconfig": described,
            "resourceconfig": {
                "current_host": "algo-1",
                "current_instance_type": self.record["ResourceConfig"].get("InstanceType"),
                "hosts": ["algo-1"],
                "instance_groups": [{**group, "instance_type": self.record["ResourceConfig"].get("InstanceType")}],
                "network_interface_name": "lo",
            },
        }
        for name, content in written.items():
            (config / f"{name}.json").write_text(json.dumps(content), "utf-8")

    def collect(self, s3: Any) -> None:
        """Upload model.tar.gz and, if there is any, output.tar.gz."""
        output = self.record["OutputDataConfig"]
        where = f"{output['S3OutputPath'].rstrip('/')}/{self.name_of_job}/output"
        key = output.get("KmsKeyId")
        if output.get("CompressionType") == "NONE":
            transfer.upload(s3, self.base / "model", f"{where}/model", key)
            model = f"{where}/model/"
        else:
            model = f"{where}/model.tar.gz"
            transfer.upload_archive(s3, self.base / "model", model, key)
        if any((self.base / "output" / "data").iterdir()):
            transfer.upload_archive(s3, self.base / "output" / "data", f"{where}/output.tar.gz", key)
        with records.LOCK:
            self.record["ModelArtifacts"] = {"S3ModelArtifacts": model}

    def advance(self, secondary: str, message: str) -> None:
        """Begin a secondary status."""
        now = datetime.now(UTC)
        with records.LOCK:
            steps = self.record.setdefault("SecondaryStatusTransitions", [])
            if steps:
                steps[-1]["EndTime"] = now
            steps.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
            self.record["SecondaryStatus"] = secondary
            if secondary == "Training":
                self.record["TrainingStartTime"] = now
        self.changed()

    def finish(self, status: str, reason: str | None) -> None:
        """Write the outcome down, with the times that AWS bills."""
        secondary, message = _LAST_STATUS[status]
        if status == "Stopped" and self.timed_out:
            secondary, message = "MaxRuntimeExceeded", "Training job ran longer than its limit and was stopped"
        now = datetime.now(UTC)
        with records.LOCK:
            steps = self.record["SecondaryStatusTransitions"]
            steps[-1]["EndTime"] = now
            steps.append({"Status": secondary, "StartTime": now, "EndTime": now, "StatusMessage": reason or message})
            self.record["SecondaryStatus"] = secondary
            seconds = max(1, round((now - self.record.get("TrainingStartTime", now)).total_seconds()))
            self.record |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        super().finish(status, reason)


def _check_inputs(params: Params) -> None:
    """Refuse a job whose input prefix is empty, as SageMaker does before it starts anything."""
    sources = [channel["DataSource"].get("S3DataSource") for channel in params.get("InputDataConfig", [])]
    if any(source is None for source in sources):
        raise AwsError("ValidationException", "InputDataConfig: the local cloud reads channels from S3DataSource only")
    modes = [params["AlgorithmSpecification"].get("TrainingInputMode")]
    modes += [channel.get("InputMode") for channel in params.get("InputDataConfig", [])]
    if "Pipe" in modes:
        raise AwsError("ValidationException", "input mode Pipe: the local cloud has File and FastFile only")
    if not sources:
        return
    s3 = role_client("s3", assume(params["RoleArn"], TRAINING_JOB, params["TrainingJobName"], "SageMaker"))
    for source in sources:
        message = missing_input(source["S3Uri"], params["RoleArn"])
        try:
            if transfer.keys_under(s3, source["S3Uri"]):
                continue
        except ClientError as error:
            message += f" Error message from S3: {describe_error(error)}"
        except ValueError as error:
            message = str(error)
        raise AwsError("ValidationException", message)


@handles("sagemaker", "CreateTrainingJob")
def create_training_job(call: Call) -> Params:
    """Start a training job."""
    params = call.params
    if not params["AlgorithmSpecification"].get("TrainingImage"):
        raise AwsError(
            "ValidationException",
            "AlgorithmSpecification.TrainingImage must name an image; the local cloud has no built-in algorithms",
        )
    _check_inputs(params)
    record = {member: copy.deepcopy(params[member]) for member in _MEMBERS if member in params}
    record.setdefault("EnableNetworkIsolation", False)
    return common.create(call, KIND, TrainingRun, record)


@handles("sagemaker", "DescribeTrainingJob")
def describe_training_job(call: Call) -> Params:
    """Show a training job."""
    return common.describe(KIND, call.params["TrainingJobName"])


@handles("sagemaker", "StopTrainingJob")
def stop_training_job(call: Call) -> Params:
    """Stop a training job; what it has written to the model folder is kept."""
    return common.stop(KIND, call.params["TrainingJobName"])


@handles("sagemaker", "ListTrainingJobs")
def list_training_jobs(call: Call) -> Params:
    """List training jobs."""
    return common.list_summaries(KIND, call.params, _SUMMARY)


def on_start() -> None:
    """Fail what was running when the local cloud stopped."""
    common.fail_interrupted(KIND)
