"""Processing jobs: CreateProcessingJob, DescribeProcessingJob, StopProcessingJob, ListProcessingJobs."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.run.images.container import BASE
from sandbox.cloud.run.jobs import common
from sandbox.cloud.run.jobs.run import JobError, JobRun
from sandbox.cloud.run.shared import transfer
from sandbox.cloud.state import records

KIND = "ProcessingJob"
_LONGEST_MESSAGE = 1024  # bytes
_MEMBERS = (
    "ProcessingJobName", "ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "StoppingCondition",
    "AppSpecification", "Environment", "NetworkConfig", "RoleArn", "ExperimentConfig",
)  # fmt: skip
_SUMMARY = (
    "ProcessingJobName", "ProcessingJobArn", "CreationTime", "ProcessingEndTime", "LastModifiedTime",
    "ProcessingJobStatus", "FailureReason", "ExitMessage",
)  # fmt: skip


class ProcessingRun(JobRun):
    """One processing job's work."""

    _message = ""

    def image_uri(self) -> str:
        """Return the application's image."""
        return str(self.record["AppSpecification"]["ImageUri"])

    def command(self) -> tuple[Sequence[str] | None, Sequence[str]]:
        """Return the request's entrypoint and arguments, else the image's."""
        app = self.record["AppSpecification"]
        return app.get("ContainerEntrypoint"), app.get("ContainerArguments") or []

    def reason(self, code: int) -> str:
        """Point to the log where the container left a message, which is not the service's; else say how it ended."""
        return "See job logs for more information" if self._message else f", exit code: {code}"

    def read_message(self) -> None:
        """Take the first kilobyte of /opt/ml/output/message.

        Raises
        ------
        JobError
            If it is not UTF-8.
        """
        path = self.base / "output" / "message"
        said = path.read_bytes() if path.is_file() else b""
        try:
            said.decode()
        except UnicodeDecodeError as error:
            raise JobError(f"ClientError: {BASE}/output/message must be encoded in UTF-8: {error}") from error
        self._message = said[:_LONGEST_MESSAGE].decode(errors="ignore")

    def _local(self, path: str) -> Path:
        return self.base / path.removeprefix(BASE).lstrip("/")

    def keys_named(self) -> tuple[str | None, str | None]:
        """Return the keys of the outputs and of the instances' volumes."""
        cluster = self.record.get("ProcessingResources", {}).get("ClusterConfig", {})
        return self.record.get("ProcessingOutputConfig", {}).get("KmsKeyId"), cluster.get("VolumeKmsKeyId")

    def prepare(self, s3: Any) -> None:
        """Download the inputs, make the outputs' folders, write the configuration."""
        for item in self.record.get("ProcessingInputs", []):
            source = item["S3Input"]
            transfer.download(
                s3, source["S3Uri"], self._local(source["LocalPath"]), source.get("S3DataType", "S3Prefix")
            )
        for item in self._outputs():
            self._local(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        config = self.base / "config"
        config.mkdir(parents=True, exist_ok=True)
        described = {"current_host": "algo-1", "hosts": ["algo-1"]}
        (config / "resourceconfig.json").write_text(json.dumps(described), "utf-8")
        request = json.dumps(self.record, default=str)
        (config / "processingjobconfig.json").write_text(request, "utf-8")
        with records.LOCK:
            self.record["ProcessingStartTime"] = datetime.now(UTC)

    def _outputs(self) -> list[dict[str, Any]]:
        return list(self.record.get("ProcessingOutputConfig", {}).get("Outputs", []))

    def collect(self, s3: Any) -> None:
        """Upload the outputs."""
        key = self.record.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        for item in self._outputs():
            transfer.upload(s3, self._local(item["S3Output"]["LocalPath"]), item["S3Output"]["S3Uri"], key)

    def finish(self, status: str, reason: str | None) -> None:
        """Write the outcome down, and the container's own message, whatever the outcome."""
        if status == "Stopped" and self.timed_out:
            limit = self.record["StoppingCondition"]["MaxRuntimeInSeconds"]
            reason = f"ClientError: the processing job ran longer than its limit of {limit} seconds and was stopped"
        if self._message:
            with records.LOCK:
                self.record["ExitMessage"] = self._message
        super().finish(status, reason)


def _check(params: Params) -> None:
    """Collect everything that the local cloud cannot run, and refuse it at once."""
    inside = f"{BASE}/processing"
    inputs = [("ProcessingInputs", item, "S3Input", "InputName") for item in params.get("ProcessingInputs", [])]
    outputs = params.get("ProcessingOutputConfig", {}).get("Outputs", [])
    problems = []
    for where, item, kind, name in (*inputs, *(("Outputs", item, "S3Output", "OutputName") for item in outputs)):
        if kind not in item:
            problems.append(f"{where}[{item[name]}] must be an {kind}; the local cloud has no other")
        elif not item[kind].get("LocalPath", "").startswith(inside):
            problems.append(f"{where}[{item[name]}].{kind}.LocalPath must begin with {inside}, got {item[kind]}")
    if problems:
        raise AwsError("ValidationException", f"{len(problems)} validation errors detected: " + "; ".join(problems))


@handles("sagemaker", "CreateProcessingJob")
def create_processing_job(call: Call) -> Params:
    """Start a processing job."""
    _check(call.params)
    record = {member: copy.deepcopy(call.params[member]) for member in _MEMBERS if member in call.params}
    return common.create(call, KIND, ProcessingRun, record)


@handles("sagemaker", "DescribeProcessingJob")
def describe_processing_job(call: Call) -> Params:
    """Show a processing job."""
    return common.describe(KIND, call.params["ProcessingJobName"])


@handles("sagemaker", "StopProcessingJob")
def stop_processing_job(call: Call) -> Params:
    """Stop a processing job."""
    return common.stop(KIND, call.params["ProcessingJobName"])


@handles("sagemaker", "ListProcessingJobs")
def list_processing_jobs(call: Call) -> Params:
    """List processing jobs."""
    return common.list_summaries(KIND, call.params, _SUMMARY)


def on_start() -> None:
    """Fail what was running when the local cloud stopped."""
    common.fail_interrupted(KIND)
