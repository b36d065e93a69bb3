"""One execution of a pipeline: its steps started when what they wait for has succeeded, in parallel where possible."""

from __future__ import annotations

import copy
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam.service_uses import PIPELINE
from sandbox.cloud.events import bus
from sandbox.cloud.run.pipelines import retries, steps
from sandbox.cloud.run.pipelines.definition import Definition, Step
from sandbox.cloud.run.pipelines.steps import StepFailure
from sandbox.cloud.run.pipelines.values import ValueFailure, Values
from sandbox.cloud.run.shared import processes
from sandbox.cloud.run.shared.roles import assume, describe_error, role_client
from sandbox.cloud.state import records

KIND = "PipelineExecution"
STOPPED_WITH_CLOUD = "InternalServerError: the local cloud stopped while the pipeline execution ran"
STEP_FAILURE = "Step failure: One or multiple steps failed."
_PAUSE = 0.2  # seconds between looks at the jobs
_log = logging.getLogger(__name__)


class PipelineRun(threading.Thread):
    """An execution's work, on a thread of its own.

    Parameters
    ----------
    record : dict
        The execution, with its ``Steps`` by name; kept up to date.
    definition : Definition
        What is executed.
    parameters : dict
        Every parameter's value.
    """

    def __init__(self, record: records.Record, definition: Definition, parameters: dict[str, Any]) -> None:
        self.arn = str(record["PipelineExecutionArn"])
        super().__init__(name=f"execution {self.arn}", daemon=True)
        self._record = record
        self._definition = definition
        self._parameters = parameters
        self._id = self.arn.rpartition("/")[2]
        self._outputs: dict[str, dict[str, Any]] = {}
        self._skipped: set[str] = set()
        self._stopping = threading.Event()
        self._told_to_stop: set[str] = set()
        self._again: dict[str, float] = {}  # when a step is started again, by its name
        limit = record.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        self._limit = limit or len(definition.steps)

    def stop(self) -> None:
        """Stop the running steps and start no more."""
        self.set_status("Stopping")
        self._stopping.set()

    def run(self) -> None:
        """Execute until nothing is left to start or to wait for."""
        try:
            self._connect()
            while self._advance():
                if processes.CLOSING.wait(_PAUSE):
                    return
            entries = self._record["Steps"].values()
            failed = any(entry["StepStatus"] == "Failed" for entry in entries)
            if self._stopping.is_set():
                self.set_status("Stopped")
            else:
                self.set_status("Failed" if failed else "Succeeded", STEP_FAILURE if failed else None)
        except AwsError as error:  # the role was taken away, or trusts SageMaker no more
            self.set_status("Failed", f"ClientError: {describe_error(error)}")
        except Exception as error:
            _log.exception("%s crashed", self.name)
            self.set_status("Failed", f"InternalServerError: {error}")

    def _connect(self) -> None:
        name = self.arn.partition(":pipeline/")[2]
        keys = assume(self._record["RoleArn"], PIPELINE, name, f"SageMaker-pipeline-{self._id}")
        self._sagemaker = role_client("sagemaker", keys)
        started = self._record["CreationTime"].isoformat()
        execution = {
            "PipelineExecutionId": self._id,
            "PipelineExecutionArn": self.arn,
            "PipelineName": self._record["PipelineName"],
            "PipelineArn": self._record["PipelineArn"],
            "StartDateTime": started,
            "CurrentDateTime": started,
        }
        files = {
            name: {file["PropertyFileName"]: file for file in step.body.get("PropertyFiles", [])}
            for name, step in self._definition.steps.items()
        }
        self._values = Values(self._parameters, execution, self._outputs, files, role_client("s3", keys))

    def _advance(self) -> bool:
        """Look after running steps, start what is ready, and say whether there is more to do."""
        entries = self._record["Steps"]
        for name, step in self._definition.steps.items():
            if entries.get(name, {}).get("StepStatus") in ("Executing", "Stopping"):
                self._look_after(step)
        failed = any(entry["StepStatus"] == "Failed" for entry in entries.values())
        if not failed and not self._stopping.is_set():
            for step in self._definition.steps.values():
                running = sum(entry["StepStatus"] == "Executing" for entry in entries.values())
                if running < self._limit and self._ready(step):
                    self._start(step)
        running_now = any(entry["StepStatus"] in ("Executing", "Stopping") for entry in entries.values())
        failed = any(entry["StepStatus"] == "Failed" for entry in entries.values())
        return running_now or (not failed and not self._stopping.is_set() and any(map(self._ready, self._all())))

    def _all(self) -> list[Step]:
        return list(self._definition.steps.values())

    def _ready(self, step: Step) -> bool:
        """Say whether a step can start; one that never will, because of a branch not taken, is remembered."""
        if step.name in self._record["Steps"] or step.name in self._skipped:
            return False
        off_branch = step.branch is not None and self._outputs.get(step.branch[0], {}).get("Outcome") is (
            not step.branch[1]
        )
        if off_branch or step.needs & self._skipped:
            self._skipped.add(step.name)
            return False
        return step.needs <= set(self._outputs)

    def _start(self, step: Step) -> None:
        now = datetime.now(UTC)
        entry = {"StepName": step.name, "StepType": step.kind, "StartTime": now, "AttemptCount": 1, "Metadata": {}}
        for member in ("DisplayName", "Description"):
            if member in step.body:
                entry[f"Step{member}"] = step.body[member]
        with records.LOCK:
            self._record["Steps"][step.name] = entry
        self._set_step(step, "Starting")
        self._guarded(step, lambda: self._really_start(step))

    def _really_start(self, step: Step) -> None:
        metadata, outputs = steps.start(step, self._values, self._sagemaker, self._id)
        with records.LOCK:
            self._record["Steps"][step.name]["Metadata"] = metadata
        self._set_step(step, "Executing")
        if outputs is not None:
            self._outputs[step.name] = outputs
            self._set_step(step, "Succeeded")

    def _look_after(self, step: Step) -> None:
        if step.name in self._again:
            self._start_again(step)
            return
        metadata = self._record["Steps"][step.name]["Metadata"]
        if self._stopping.is_set() and step.name not in self._told_to_stop:
            self._told_to_stop.add(step.name)
            self._set_step(step, "Stopping")
            try:
                steps.stop(step, metadata, self._sagemaker)
            except ClientError as error:  # it ended in that moment, or the role may not stop it
                _log.warning("%s, step %s: %s", self.name, step.name, describe_error(error))
        self._guarded(step, lambda: self._poll(step, metadata))

    def _start_again(self, step: Step) -> None:
        """Start a step once more when its pause is over, unless the execution is to stop."""
        if self._stopping.is_set():
            del self._again[step.name]
            self._set_step(step, "Stopped")
        elif time.monotonic() >= self._again[step.name]:
            del self._again[step.name]
            with records.LOCK:
                self._record["Steps"][step.name]["AttemptCount"] += 1
            self._guarded(step, lambda: self._really_start(step))

    def _tries_again(self, step: Step, kind: str | None) -> bool:
        """Say whether a step that failed is started once more after a pause, as its policies have it."""
        entry = self._record["Steps"][step.name]
        since = (datetime.now(UTC) - entry["StartTime"]).total_seconds()
        seconds = retries.pause(step, kind, entry["AttemptCount"], since)
        if seconds is None or self._stopping.is_set():
            return False
        _log.info("%s, step %s: %s, again in %.0f s", self.name, step.name, kind, seconds)
        self._again[step.name] = time.monotonic() + seconds
        if entry["StepStatus"] != "Executing":
            self._set_step(step, "Executing")
        return True

    def _poll(self, step: Step, metadata: dict[str, Any]) -> None:
        outputs = steps.poll(step, metadata, self._sagemaker)
        if outputs is not None:
            self._outputs[step.name] = outputs
            self._set_step(step, "Succeeded")

    def _guarded(self, step: Step, work: Any) -> None:
        """Do something for a step; what goes wrong is the step's failure."""
        try:
            work()
        except StepFailure as failure:
            with records.LOCK:
                self._record["Steps"][step.name]["Metadata"] |= failure.metadata
            if self._tries_again(step, retries.kind_of_failure(str(failure))):
                return
            stopped = self._stopping.is_set()
            self._set_step(step, "Stopped" if stopped else "Failed", None if stopped else str(failure))
        except ValueFailure as failure:
            self._set_step(step, "Failed", str(failure))
        except ParamValidationError as error:
            self._set_step(step, "Failed", f"ClientError: {error}")
        except (ClientError, BotoCoreError) as error:
            kind = retries.kind_of_error(error) if isinstance(error, ClientError) else "Step.SERVICE_FAULT"
            if self._tries_again(step, kind):
                return
            self._set_step(step, "Failed", f"ClientError: {describe_error(error)}")

    def _set_step(self, step: Step, status: str, reason: str | None = None) -> None:
        with records.LOCK:
            entry = self._record["Steps"][step.name]
            before = entry.get("StepStatus")
            entry["StepStatus"] = status
            if status in ("Succeeded", "Failed", "Stopped"):
                entry["EndTime"] = datetime.now(UTC)
            if reason:
                entry["FailureReason"] = reason[:1024]
            said = copy.deepcopy(entry)
        records.began(KIND, self.arn)
        detail = {
            "pipelineArn": self._record["PipelineArn"],
            "pipelineExecutionArn": self.arn,
            "stepName": step.name,
            "stepType": step.kind,
            "metadata": said["Metadata"],
            "currentStepStatus": status,
            "stepStartTime": said["StartTime"],
        }
        extra = {"previousStepStatus": before, "stepEndTime": said.get("EndTime"), "failureReason": reason}
        self._emit("Execution Step Status Change", detail | {name: value for name, value in extra.items() if value})

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Change the execution's status and tell the bus."""
        with records.LOCK:
            before = self._record["PipelineExecutionStatus"]
            self._record["PipelineExecutionStatus"] = status
            self._record["LastModifiedTime"] = datetime.now(UTC)
            if reason:
                self._record["FailureReason"] = reason
            said = copy.deepcopy(self._record)
        records.changed()
        detail = {
            "pipelineArn": said["PipelineArn"],
            "pipelineExecutionArn": self.arn,
            "pipelineExecutionDisplayName": said["PipelineExecutionDisplayName"],
            "currentPipelineExecutionStatus": status,
            "executionStartTime": said["CreationTime"],
        }
        if before != status:
            detail["previousPipelineExecutionStatus"] = before
        if status in ("Succeeded", "Failed", "Stopped"):
            detail["executionEndTime"] = said["LastModifiedTime"]
        self._emit("Execution Status Change", detail)

    def _emit(self, what: str, detail: dict[str, Any]) -> None:
        arns = [self._record["PipelineArn"], self.arn]
        bus.emit("aws.sagemaker", f"SageMaker Model Building Pipeline {what}", detail, arns)
