"""One training or processing job's work: a container under a role, from its inputs to its outputs."""

from __future__ import annotations

import copy
import logging
import shutil
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam import encryption, service_uses
from sandbox.cloud.events import bus
from sandbox.cloud.run.images import container, environments, store
from sandbox.cloud.run.shared import processes, transfer
from sandbox.cloud.run.shared.logs import LogStream
from sandbox.cloud.run.shared.processes import Process
from sandbox.cloud.run.shared.roles import assume, describe_error, require, role_client
from sandbox.cloud.state import records
from sandbox.cloud.weather import capacity

LONGEST_REASON = 1024  # characters
FAILED_CALLS = (AwsError, ClientError, BotoCoreError, S3UploadFailedError)
_log = logging.getLogger(__name__)
RUNNING: dict[tuple[str, str], JobRun] = {}
WORDS = {"TrainingJob": "Training Job", "ProcessingJob": "Processing Job"}
USES = {"TrainingJob": service_uses.TRAINING_JOB, "ProcessingJob": service_uses.PROCESSING_JOB}
ENDED = {"TrainingJob": "TrainingEndTime", "ProcessingJob": "ProcessingEndTime"}


# SageMaker developer guide, "How to use SageMaker AI execution roles", for jobs and models in a VPC: on every resource.
_IN_A_NETWORK = (
    "CreateNetworkInterface", "CreateNetworkInterfacePermission", "DeleteNetworkInterface",
    "DeleteNetworkInterfacePermission", "DescribeNetworkInterfaces", "DescribeVpcs", "DescribeDhcpOptions",
    "DescribeSubnets", "DescribeSecurityGroups",
)  # fmt: skip


class JobError(Exception):
    """The job fails with this reason."""


class JobRun(threading.Thread, ABC):
    """One job's work, on a thread of its own.

    Parameters
    ----------
    kind : str
        ``TrainingJob`` or ``ProcessingJob``: the table, and how its members are named.
    record : dict
        The job as Describe shows it; kept up to date.
    """

    def __init__(self, kind: str, record: records.Record) -> None:
        self.name_of_job = str(record[f"{kind}Name"])
        super().__init__(name=f"{kind} {self.name_of_job}", daemon=True)
        self.kind = kind
        self.record = record
        self.folder = settings.current().folder / "jobs" / kind / self.name_of_job
        self.base = self.folder / "ml"
        self.stopping = threading.Event()
        self.timed_out = False
        self._process: Process | None = None

    @property
    def role_arn(self) -> str:
        """The role that the job runs as."""
        return str(self.record["RoleArn"])

    @abstractmethod
    def command(self) -> tuple[Sequence[str] | None, Sequence[str]]:
        """Return the entrypoint (None: the image's) and arguments."""

    @abstractmethod
    def image_uri(self) -> str:
        """Return the image's name."""

    @abstractmethod
    def prepare(self, s3: Any) -> None:
        """Fill the container's folder: configuration and inputs."""

    @abstractmethod
    def collect(self, s3: Any) -> None:
        """Upload what the container left."""

    @abstractmethod
    def reason(self, code: int) -> str:
        """Return the reason of a container that ended with an exit code other than 0, when it has ended."""

    def read_message(self) -> None:
        """Take over what the container wrote for whoever describes the job, when it has ended; raise `JobError`."""

    def advance(self, secondary: str, message: str) -> None:
        """Say what the job is doing; jobs that have a secondary status override it."""

    def stop(self) -> None:
        """Ask the container to stop; it has 120 seconds."""
        self.stopping.set()
        with records.LOCK:
            self.record[f"{self.kind}Status"] = "Stopping"
        self.advance("Stopping", "Stopping the job")
        self.changed()
        if self._process is not None:
            self._process.terminate()

    def changed(self) -> None:
        """Save the record and tell the bus."""
        with records.LOCK:
            if "LastModifiedTime" in self.record:
                self.record["LastModifiedTime"] = datetime.now(UTC)
            detail = copy.deepcopy(self.record)
        records.changed()
        arn = self.record[f"{self.kind}Arn"]
        bus.emit("aws.sagemaker", f"SageMaker {WORDS[self.kind]} State Change", detail, [arn])

    def run(self) -> None:
        """Do everything and leave the outcome in the record."""
        status, reason = "Completed", None
        try:
            self._work()
            if self.stopping.is_set() or self.timed_out:
                status = "Stopped"
        except JobError as failure:
            status, reason = ("Stopped", None) if self.stopping.is_set() else ("Failed", str(failure))
        except FAILED_CALLS as error:
            status, reason = "Failed", f"ClientError: {describe_error(error)}"
        except Exception as error:
            _log.exception("%s crashed", self.name)
            status, reason = "Failed", f"InternalServerError: {error}"
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            RUNNING.pop((self.kind, self.name_of_job), None)
        if not processes.CLOSING.is_set():
            self.finish(status, reason)

    def _work(self) -> None:
        if reason := capacity.job_instances(WORDS[self.kind]):
            raise JobError(reason)
        keys = assume(self.role_arn, USES[self.kind], self.name_of_job, "SageMaker")
        with ExitStack() as open_things:
            say = self._open_log(open_things, keys)
            try:
                image = store.resolve(self.image_uri(), keys, self.role_arn)
            except store.ImageError as error:
                raise JobError(f"ClientError: {error}") from error
            self._check_rights(keys)
            s3 = role_client("s3", keys)
            self._in_order(self.prepare, s3, "Data download failed")
            self.advance("Training", "Training image download completed. Training in progress.")
            if not self.stopping.is_set():
                self._run_container(image, keys, say)
            self.advance("Uploading", "Uploading generated training model")
            self._in_order(self.collect, s3, "Data upload failed")

    @abstractmethod
    def keys_named(self) -> tuple[str | None, str | None]:
        """Return the keys that the request names: of the outputs, and of the volume."""

    def network(self) -> dict[str, Any]:
        """Return the VpcConfig, empty without one."""
        found = self.record.get("VpcConfig") or self.record.get("NetworkConfig", {}).get("VpcConfig") or {}
        return dict(found)

    def _check_rights(self, keys: dict[str, str]) -> None:
        """Refuse a role that lacks what AWS's page of execution roles asks for beside the job's own calls."""
        at = settings.current()
        output, volume = self.keys_named()
        if output:
            # "If you specify a KMS key in the output configuration ...": S3 itself only ever asks for GenerateDataKey
            require(keys, "kms:Encrypt", encryption.arn_of(at.account, at.region, output))
        if volume:
            arn = encryption.arn_of(at.account, at.region, volume)
            require(keys, "kms:CreateGrant", arn, kms__grantisforawsresource="true")
        if self.network():
            for action in _IN_A_NETWORK:
                require(keys, f"ec2:{action}", "*")

    def _in_order(self, work: Any, s3: Any, what: str) -> None:
        try:
            work(s3)
        except transfer.MissingInput as error:
            raise JobError(f"ClientError: {what}: {missing_input(str(error), self.role_arn)}") from error
        except FAILED_CALLS as error:
            raise JobError(f"ClientError: {what}: {describe_error(error)} (role {self.role_arn})") from error

    def _open_log(self, open_things: ExitStack, keys: dict[str, str]) -> Any:
        """Open the job's log stream; a role that may not write logs runs without, as on AWS."""
        stream = LogStream(
            f"/aws/sagemaker/{self.kind}s", f"{self.name_of_job}/algo-1-{int(time.time())}", role_client("logs", keys)
        )
        try:
            open_things.enter_context(stream)
        except ClientError as error:
            _log.warning("%s runs without a log: role %s: %s", self.name, self.role_arn, describe_error(error))
            return lambda _line: None
        return stream.write

    def _run_container(self, image: store.Image, keys: dict[str, str], say: Any) -> None:
        for part in ("output", "tmp"):
            (self.base / part).mkdir(parents=True, exist_ok=True)
        entrypoint, arguments = self.command()
        try:
            self._process = container.start(
                image,
                arguments,
                self.folder,
                self._environment(keys),
                say,
                entrypoint=entrypoint,
                isolated=self.isolated(),
            )
        except (container.CommandError, environments.InstallError) as error:
            raise JobError(f"AlgorithmError: {error}, exit code: 127") from error
        if self.stopping.is_set():
            self._process.terminate()
        code = self._wait()
        self.read_message()
        if code and not (self.stopping.is_set() or self.timed_out):
            raise JobError(f"AlgorithmError: {self.reason(code)}")

    def _wait(self) -> int:
        """Wait for the container: to its end, or to the time limit or the end of a stop's grace."""
        assert self._process is not None  # noqa: S101 - just started
        limit = self.record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86_400)
        end = time.monotonic() + limit
        grace = None
        while (code := self._process.wait(0.25)) is None:
            now = time.monotonic()
            if now > end and not self.stopping.is_set():
                self.timed_out = True
                self._process.terminate()
                end = float("inf")
            if grace is None and (self.timed_out or self.stopping.is_set()):
                grace = now + processes.STOP_GRACE
            if grace is not None and now > grace:
                self._process.kill()
        return code

    def _environment(self, keys: dict[str, str]) -> dict[str, str]:
        at = settings.current()
        kind = WORDS[self.kind].upper().replace(" ", "_")
        found = {
            "AWS_REGION": at.region,
            f"{kind}_NAME": self.name_of_job,
            f"{kind}_ARN": self.record[f"{self.kind}Arn"],
            **self.record.get("Environment", {}),
        }
        if not self.isolated():
            here = at.endpoint_url
            found |= {**keys, "AWS_ENDPOINT_URL": here, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": here}
        return found

    def isolated(self) -> bool:
        """Say whether the container may call nothing."""
        network = self.record.get("NetworkConfig", {})
        return bool(self.record.get("EnableNetworkIsolation") or network.get("EnableNetworkIsolation"))

    def finish(self, status: str, reason: str | None) -> None:
        """Write the outcome down."""
        now = datetime.now(UTC)
        with records.LOCK:
            self.record[f"{self.kind}Status"] = status
            self.record[ENDED[self.kind]] = now
            if reason:
                self.record["FailureReason"] = reason[:LONGEST_REASON]
        self.changed()


def missing_input(uri: str, role_arn: str) -> str:
    """Say, in SageMaker's words, that there is nothing at an address."""
    bucket = uri.removeprefix("s3://").split("/", maxsplit=1)[0]
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in '
        f"the selected region ({settings.current().region}), that objects exist under that S3 prefix, and that the "
        f'role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )
