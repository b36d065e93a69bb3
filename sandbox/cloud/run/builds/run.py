"""One CodeBuild build: its source, its phases, its log, its record."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
import zipfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud import settings
from sandbox.cloud.control.iam.service_uses import CODEBUILD
from sandbox.cloud.events import bus
from sandbox.cloud.run.builds import buildspec
from sandbox.cloud.run.builds.buildspec import Buildspec, BuildspecError, Phase
from sandbox.cloud.run.images import environments
from sandbox.cloud.run.shared import processes, transfer
from sandbox.cloud.run.shared.logs import LogStream
from sandbox.cloud.run.shared.processes import Process
from sandbox.cloud.run.shared.roles import AssumeRoleError, assume, describe_error, role_client
from sandbox.cloud.state import records

_REPOSITORY = Path(__file__).resolve().parents[4]
_PROGRAMS = {"docker": "sandbox.cloud.run.builds.docker", "aws": "sandbox.cloud.run.builds.aws_cli"}
_log = logging.getLogger(__name__)


class PhaseError(Exception):
    """A phase did not succeed.

    Attributes
    ----------
    status : str
        FAILED, FAULT, TIMED_OUT or STOPPED.
    code : str
        CodeBuild's status code, e.g. COMMAND_EXECUTION_ERROR.
    """

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class BuildRun(threading.Thread):
    """A build's work, on a thread of its own.

    Parameters
    ----------
    record : dict
        The build as BatchGetBuilds shows it; kept up to date.
    """

    def __init__(self, record: records.Record) -> None:
        super().__init__(name=f"build {record['id']}", daemon=True)
        self._record = record
        self._stopped = threading.Event()
        self._process: Process | None = None
        self._deadline = time.monotonic() + 60 * record["timeoutInMinutes"]
        self._folder: Path = settings.current().folder / "builds" / record["id"].rpartition(":")[2]
        self._source: Path = self._folder / "src"
        self._variables: dict[str, str] = {}
        self._credentials: dict[str, str] = {}
        self._succeeding = True

    def stop(self) -> None:
        """Stop the build."""
        self._stopped.set()
        if self._process is not None:
            self._process.kill()

    def run(self) -> None:
        """Run every phase and leave the outcome in the record."""
        status = "SUCCEEDED"
        try:
            self._work()
        except PhaseError as failure:
            status = failure.status
        except Exception:
            _log.exception("build %s crashed", self._record["id"])
            status = "FAULT"
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        if not processes.CLOSING.is_set():
            self._finish(status)

    def _work(self) -> None:
        with ExitStack() as open_things:
            log = self._phase("PROVISIONING", self._provision)
            open_things.enter_context(log)
            self._say = log.write
            spec = self._phase("DOWNLOAD_SOURCE", self._download_source)
            self._run_phases(spec)
            self._phase("UPLOAD_ARTIFACTS", lambda: None)
            self._phase("FINALIZING", lambda: None)

    def _phase(self, name: str, work: Any) -> Any:
        """Do one phase's work and write down how it went."""
        entry: dict[str, Any] = {"phaseType": name, "startTime": datetime.now(UTC)}
        with records.LOCK:
            self._record["phases"].append(entry)
            self._record["currentPhase"] = name
        records.changed()
        ended: dict[str, Any] = {"phaseStatus": "SUCCEEDED"}
        try:
            return work()
        except PhaseError as failure:
            ended = {"phaseStatus": failure.status, "contexts": [{"statusCode": failure.code, "message": str(failure)}]}
            raise
        finally:
            ended["endTime"] = datetime.now(UTC)
            ended["durationInSeconds"] = int((ended["endTime"] - entry["startTime"]).total_seconds())
            with records.LOCK:
                entry |= ended
            records.changed()

    def _provision(self) -> LogStream:
        role = self._record["serviceRole"]
        self._source.mkdir(parents=True)
        try:
            project = self._record["projectName"]
            self._credentials = assume(role, CODEBUILD, project, f"AWSCodeBuild-{self._folder.name}")
            group, stream = (self._record["logs"][name] for name in ("groupName", "streamName"))
            log = LogStream(group, stream, role_client("logs", self._credentials))
            log.prepare()
        except AssumeRoleError as error:
            message = f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}"
            raise PhaseError("FAULT", "ACCESS_DENIED", message) from error
        except ClientError as error:
            message = (
                f"Service role {role} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for "
                f"build {self._record['arn']}. Error message: {describe_error(error)}"
            )
            raise PhaseError("FAULT", "ACCESS_DENIED", message) from error
        return log

    def _download_source(self) -> Buildspec:
        source = self._record["source"]
        try:
            if source["type"] == "S3":
                s3 = role_client("s3", self._credentials)
                transfer.fetch_source(s3, source["location"], self._record.get("sourceVersion"), self._source)
            text = source.get("buildspec") or "buildspec.yml"
            if "\n" not in text:
                path = self._source / text
                if not path.is_file():
                    raise BuildspecError(f"YAML file does not exist: {text}")
                text = path.read_text("utf-8")
            spec = buildspec.parse(text)
            self._variables = {**spec.variables, **self._given_variables()}
            self._shell = spec.shell
        except BuildspecError as error:
            self._say(f"[Container] YAML_FILE_ERROR: {error}")
            raise PhaseError("FAILED", "YAML_FILE_ERROR", str(error)) from error
        except (ClientError, transfer.MissingInput, zipfile.BadZipFile, ValueError) as error:
            self._say(f"[Container] {describe_error(error)}")
            raise PhaseError("FAILED", "CLIENT_ERROR", describe_error(error)) from error
        return spec

    def _given_variables(self) -> dict[str, str]:
        """Return the project's and the call's variables, looking parameters up with the build's role."""
        found = {}
        for variable in self._record["environment"]["environmentVariables"]:
            kind = variable.get("type", "PLAINTEXT")
            value = variable["value"]
            if kind == "PARAMETER_STORE":
                answer = role_client("ssm", self._credentials).get_parameter(Name=value, WithDecryption=True)
                value = answer["Parameter"]["Value"]
            elif kind != "PLAINTEXT":
                name = variable["name"]
                raise ValueError(
                    f"environment variable {name}: its type must be PLAINTEXT or PARAMETER_STORE, got {kind}"
                )
            found[variable["name"]] = value
        return found

    def _run_phases(self, spec: Buildspec) -> None:
        failure: PhaseError | None = None
        for phase in spec.phases:
            if failure is not None and phase.name != "post_build":
                continue
            try:
                self._phase(phase.name.upper(), lambda phase=phase: self._run_phase(phase))
            except PhaseError as failed:
                self._succeeding = False
                failure = failure or failed
                if phase.name in ("install", "pre_build") or phase.abort or failed.status != "FAILED":
                    break
        if failure is not None:
            raise failure

    def _run_phase(self, phase: Phase) -> None:
        self._say(f"[Container] Entering phase {phase.name.upper()}")
        failure = None
        for commands in (phase.commands, phase.always):
            try:
                self._run_commands(phase.name, commands)
            except PhaseError as failed:
                failure = failure or failed
                if failed.status != "FAILED":
                    break
        state = "SUCCEEDED" if failure is None else failure.status
        self._say(f"[Container] Phase complete: {phase.name.upper()} State: {state}")
        if failure is not None:
            raise failure

    def _run_commands(self, phase: str, commands: Any) -> None:
        if not commands:
            return
        memory = self._folder / "memory"
        memory.mkdir(exist_ok=True)
        script = self._folder / f"{phase}.sh"
        script.write_text(buildspec.script(commands, memory), "utf-8")
        self._process = Process([self._shell, str(script)], self._source, self._environment(), self._say)
        if self._stopped.is_set():
            self._process.kill()
        code = self._process.wait(max(0.0, self._deadline - time.monotonic()))
        if self._stopped.is_set():
            raise PhaseError("STOPPED", "USER_STOPPED", "Build stopped by user")
        if code is None:
            self._process.kill()
            self._process.wait()
            minutes = self._record["timeoutInMinutes"]
            raise PhaseError("TIMED_OUT", "BUILD_TIMED_OUT", f"Build has timed out after {minutes} minutes.")
        if code:
            failed = memory / "failed"
            command = failed.read_text("utf-8") if failed.exists() else "the phase's shell"
            message = f"Error while executing command: {command}. Reason: exit status {code}"
            raise PhaseError("FAILED", "COMMAND_EXECUTION_ERROR", message)

    def _environment(self) -> dict[str, str]:
        at = settings.current()
        programs = self._programs()
        return {
            **environments.index_settings(),
            "PATH": f"{programs}:{os.defpath.lstrip(':')}",
            "HOME": str(self._folder),
            "LANG": "C.UTF-8",
            "AWS_REGION": at.region,
            "AWS_DEFAULT_REGION": at.region,
            "AWS_ENDPOINT_URL": at.endpoint_url,
            **self._credentials,
            "CODEBUILD_BUILD_ID": self._record["id"],
            "CODEBUILD_BUILD_ARN": self._record["arn"],
            "CODEBUILD_BUILD_NUMBER": str(self._record["buildNumber"]),
            "CODEBUILD_BUILD_SUCCEEDING": str(int(self._succeeding)),
            "CODEBUILD_SRC_DIR": str(self._source),
            "CI": "true",
            **self._variables,
            "HEADRACE_DOCKER": str(self._folder / "docker"),
            "HEADRACE_STATE": str(at.folder),
            "HEADRACE_PORT": str(at.port),
            "HEADRACE_ACCOUNT": at.account,
            "XDG_CACHE_HOME": str(at.cache.parent),
        }

    def _programs(self) -> Path:
        """Write the stand-ins for docker and aws, and return their folder."""
        folder = self._folder / "bin"
        folder.mkdir(exist_ok=True)
        for name, module in _PROGRAMS.items():
            program = folder / name
            program.write_text(
                f'#!/bin/sh\nPYTHONPATH="{_REPOSITORY}" exec "{sys.executable}" -m {module} "$@"\n', "utf-8"
            )
            program.chmod(0o755)
        return folder

    def _finish(self, status: str) -> None:
        now = datetime.now(UTC)
        with records.LOCK:
            self._record["phases"].append({"phaseType": "COMPLETED", "startTime": now})
            self._record |= {
                "currentPhase": "COMPLETED", "buildStatus": status, "buildComplete": True, "endTime": now,
            }  # fmt: skip
        records.changed()
        emit_state(self._record)


def emit_state(record: records.Record) -> None:
    """Tell the bus what state a build is in."""
    detail = {
        "build-status": record["buildStatus"],
        "project-name": record["projectName"],
        "build-id": record["arn"],
        "current-phase": record["currentPhase"],
    }
    bus.emit("aws.codebuild", "CodeBuild Build State Change", detail, [record["arn"]])
