"""Step Functions: moto runs state machines; here their tasks get the machine's role, and what moto lacks is added."""

from __future__ import annotations

import functools
import json
import threading
import uuid
from datetime import UTC
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.utils import parse_timestamp

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.clients import TASK_AGENT
from sandbox.cloud.control.iam import log_delivery
from sandbox.cloud.control.iam.service_uses import STATES
from sandbox.cloud.control.iam.trust import trusts
from sandbox.cloud.control.stepfunctions.definition import diagnostics
from sandbox.cloud.moto import iam, stepfunctions
from sandbox.cloud.state import records
from sandbox.cloud.weather import sky

_FINISHED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}
_SESSION_SECONDS = 315_360_000  # AWS renews the sessions of its state machines; here they outlive the process
_MAKING = threading.Lock()
_READY_SECONDS = 5.0  # after the start; sooner if an execution asks for it


def on_start() -> None:
    """Give state machines clients that act as the machine's role, and mend moto's parser while nobody waits for it."""
    stepfunctions.act_with(_client_for)
    later = threading.Timer(_READY_SECONDS, stepfunctions.make_ready, (records.changed,))
    later.daemon = True
    later.start()


def _client_for(region: str, service: str, role_arn: str) -> Any:
    with _MAKING:
        return _client(region, service, role_arn)


@functools.lru_cache(maxsize=256)
def _client(region: str, service: str, role_arn: str) -> Any:
    at = settings.current()
    granted = iam.assume(role_arn, uuid.uuid4().hex, region, _SESSION_SECONDS)
    session = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_written_time)
    made = boto3.Session(botocore_session=session).client(
        service,
        endpoint_url=at.endpoint_url,
        region_name=region,
        aws_access_key_id=granted.access_key,
        aws_secret_access_key=granted.secret,
        aws_session_token=granted.token,
        config=Config(
            parameter_validation=False,
            # how often AWS tries by itself is documented nowhere: in bad weather not at all
            retries={"total_max_attempts": 1 if sky.current() else 3, "mode": "standard"},
            user_agent_extra=TASK_AGENT,
            s3={"addressing_style": "path"},
            max_pool_connections=50,
            read_timeout=300,
        ),
    )
    made.meta.events.register("after-call", _with_request_id)
    return made


def _with_request_id(http_response: Any, parsed: Params, **_: Any) -> None:
    """Give an answer the id that moto puts into a task's error: botocore reads none from a 5xx without a body."""
    headers = http_response.headers
    found = headers.get("x-amzn-RequestId") or headers.get("x-amz-request-id") or ""
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", found)


def _written_time(value: Any) -> str:
    """Return a time as state machines see it: text, not a date that JSON cannot hold."""
    at = parse_timestamp(value).astimezone(UTC)
    return str(at.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@handles("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
def _declare(call: Call) -> Params:
    if role := call.params.get("roleArn"):
        _check_role(role, call.params.get("name") or call.params["stateMachineArn"].rsplit(":", 1)[-1])
        log_delivery.check_machine(role, call.params)
    if wrong := diagnostics(call.params.get("definition") or "null"):
        said = ", ".join(f"{found['code']}: {found['message']} at {found['location']}" for found in wrong)
        raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{said}'")
    return call.forward()


def _check_role(role: str, machine: str) -> None:
    if not trusts(role, STATES, machine):
        raise AwsError(
            "AccessDeniedException",
            f"Neither the global service principal {STATES.principal}, nor the regional one is authorized to assume "
            f"the provided role {role}.",
        )


@handles("stepfunctions", "StartExecution")
def _start(call: Call) -> Params:
    stepfunctions.make_ready(records.changed)
    _check_machine(call)
    return call.forward({**call.params, "name": call.params.get("name") or str(uuid.uuid4())})


def _check_machine(call: Call) -> None:
    """Refuse to start a machine whose role cannot be assumed (any more); on AWS its execution would fail at once."""
    for machine in stepfunctions.machines(call.account, call.region):
        if machine.arn == call.params["stateMachineArn"]:
            _check_role(machine.roleArn, machine.name)


@handles("stepfunctions", "DescribeExecution")
def _describe(call: Call) -> Params:
    execution = stepfunctions.execution(call.account, call.region, call.params["executionArn"])
    status = str(getattr(execution.status, "value", execution.status))
    found = {
        "executionArn": execution.execution_arn,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "name": execution.name,
        "startDate": execution.start_date,
        "stateMachineArn": execution.state_machine_arn,
        "status": status,
        "error": execution.error,
        "cause": execution.cause,
    }
    if status in _FINISHED:
        found["stopDate"] = execution.stop_date
    if status == "SUCCEEDED":
        found["output"] = json.dumps(execution.output, default=str, separators=(",", ":"))
        found["outputDetails"] = {"included": True}
    return found


@handles("stepfunctions", "ListStateMachineVersions")
def _versions(call: Call) -> Params:
    found = stepfunctions.versions(call.account, call.region, call.params["stateMachineArn"])
    versions = sorted(found, key=lambda version: int(version.version), reverse=True)
    return {
        "stateMachineVersions": [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date} for version in versions
        ]
    }


@handles("stepfunctions", "ValidateStateMachineDefinition")
def _validate(call: Call) -> Params:
    if said := stepfunctions.complaint(call.params["definition"]):
        finding = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": said}
        return {"result": "FAIL", "diagnostics": [finding], "truncated": False}
    wrong = diagnostics(call.params["definition"])
    return {"result": "FAIL" if wrong else "OK", "diagnostics": wrong, "truncated": False}
