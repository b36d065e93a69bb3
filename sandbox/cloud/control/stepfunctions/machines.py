"""Step Functions: moto runs state machines; here their tasks get the machine's role, and what moto lacks is added."""

from __future__ import annotations

import copy
import functools
import json
import re
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
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
from sandbox.cloud.state import records
from sandbox.cloud.weather import sky

_FINISHED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}
# The names of AWS's Java SDK, which error names in state machines begin with.
_ERROR_NAMES = {
    "athena": "Athena",
    "cloudwatch": "CloudWatch",
    "cloudwatchlogs": "CloudWatchLogs",
    "codebuild": "CodeBuild",
    "ecr": "Ecr",
    "eventbridge": "EventBridge",
    "glue": "Glue",
    "iam": "Iam",
    "kms": "Kms",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "sagemakerfeaturestoreruntime": "SageMakerFeatureStoreRuntime",
    "sagemakerruntime": "SageMakerRuntime",
    "scheduler": "Scheduler",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
    "sts": "Sts",
}
_CLIENT_NAMES = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sagemakerfeaturestoreruntime": "sagemaker-featurestore-runtime",
    "sagemakerruntime": "sagemaker-runtime",
}
_SESSION_SECONDS = 315_360_000  # AWS renews the sessions of its state machines; here they outlive the process
_MAKING = threading.Lock()
_READYING = threading.Lock()
_ready = False  # moto's parser is imported and mended
_READY_SECONDS = 5.0  # after the start; sooner if an execution asks for it


def on_start() -> None:
    """Give moto's state machines clients that act as the machine's role, before moto's parser takes its own."""
    from moto.stepfunctions.parser.asl.utils import boto_client  # noqa: PLC0415 - slow, and after the configuration

    boto_client.boto_client_for = _client_for
    later = threading.Timer(_READY_SECONDS, _make_ready)
    later.daemon = True
    later.start()


def _make_ready() -> None:
    """Import moto's parser, which takes seconds, and mend it: best while nobody waits for it."""
    global _ready  # noqa: PLW0603
    with _READYING:
        if not _ready:
            _mend()
            _ready = True


def _mend() -> None:
    import moto.stepfunctions.parser.models  # noqa: F401, PLC0415
    from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.implementations import (  # noqa: PLC0415
        is_operator,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (  # noqa: PLC0415
        state_task_service_aws_sdk,
    )
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication  # noqa: PLC0415
    from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker  # noqa: PLC0415

    state_task_service_aws_sdk._SERVICE_ERROR_NAMES.update(_ERROR_NAMES)
    task = state_task_service_aws_sdk.StateTaskServiceAwsSdk
    task._normalise_parameters = _as_members
    task._normalise_response = _as_written
    is_operator.IsTimestamp.string_to_timestamp = staticmethod(_time_in)
    ExecutionWorker._get_evaluation_entrypoint = _program
    terminated = BaseExecutionWorkerCommunication.terminated

    def saved(self: Any) -> None:
        terminated(self)
        records.changed()

    BaseExecutionWorkerCommunication.terminated = saved


def _time_in(text: str) -> datetime | None:
    """Return the time that a text is for state machines, which moto reads to the second only; None if it is none."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return None
    return datetime.fromisoformat(text)


def _program(self: Any) -> Any:
    """Return an execution's program; parsing a definition of a hundred states takes most of a second."""
    return copy.deepcopy(_parsed(self._evaluation_details.state_machine_details.definition))


@functools.lru_cache(maxsize=64)
def _parsed(definition: str) -> Any:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser  # noqa: PLC0415

    return AmazonStateLanguageParser.parse(definition)[0]


def _as_members(self: Any, parameters: Params, *_: Any) -> None:
    """Rename what definitions write as ``ExecutionArn`` to what the service calls ``executionArn``."""
    _rename(_operation(self).input_shape, parameters, lambda member: (member[0].upper() + member[1:], member))


def _as_written(self: Any, response: Any, *_: Any) -> None:
    """Rename a response's members to what definitions write: with a capital letter."""
    _rename(_operation(self).output_shape, response, lambda member: (member, member[0].upper() + member[1:]))


def _operation(task: Any) -> Any:
    service = task._get_boto_service_name()
    action = task.resource.api_action
    return _service_model(_CLIENT_NAMES.get(service, service)).operation_model(action[0].upper() + action[1:])


@functools.cache
def _service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _rename(shape: Any, value: Any, names: Callable[[str], tuple[str, str]]) -> None:
    """Rename the members of structures in place; what stands in maps and documents keeps its names."""
    if shape is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        for member, inner in shape.members.items():
            before, after = names(member)
            if before in value:
                value[after] = value.pop(before)
            if after in value:
                _rename(inner, value[after], names)
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            _rename(shape.member, item, names)
    elif shape.type_name == "map" and isinstance(value, dict):
        for item in value.values():
            _rename(shape.value, item, names)


def _client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    role = state_credentials.role_arn if state_credentials else ""
    with _MAKING:
        return _client(region, _CLIENT_NAMES.get(service, service), role)


@functools.lru_cache(maxsize=256)
def _client(region: str, service: str, role_arn: str) -> Any:
    from moto.sts.models import sts_backends  # noqa: PLC0415

    at = settings.current()
    granted = sts_backends[at.account]["aws"].assume_role(
        region_name=region,
        role_session_name=uuid.uuid4().hex,
        role_arn=role_arn,
        policy="",
        duration=_SESSION_SECONDS,
        external_id="",
    )
    session = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_written_time)
    made = boto3.Session(botocore_session=session).client(
        service,
        endpoint_url=at.endpoint_url,
        region_name=region,
        aws_access_key_id=granted.access_key_id,
        aws_secret_access_key=granted.secret_access_key,
        aws_session_token=granted.session_token,
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
    _make_ready()
    _check_machine(call)
    return call.forward({**call.params, "name": call.params.get("name") or str(uuid.uuid4())})


def _check_machine(call: Call) -> None:
    """Refuse to start a machine whose role cannot be assumed (any more); on AWS its execution would fail at once."""
    from moto.stepfunctions.responses import get_backend  # noqa: PLC0415

    for machine in get_backend(call.account, call.region).state_machines:
        if machine.arn == call.params["stateMachineArn"]:
            _check_role(machine.roleArn, machine.name)


@handles("stepfunctions", "DescribeExecution")
def _describe(call: Call) -> Params:
    from moto.stepfunctions.exceptions import ExecutionDoesNotExist  # noqa: PLC0415
    from moto.stepfunctions.responses import get_backend  # noqa: PLC0415

    try:
        execution = get_backend(call.account, call.region).describe_execution(call.params["executionArn"])
    except ExecutionDoesNotExist as unknown:
        raise AwsError("ExecutionDoesNotExist", str(unknown.message)) from unknown
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
    from moto.stepfunctions.responses import get_backend  # noqa: PLC0415

    machine = get_backend(call.account, call.region).describe_state_machine(call.params["stateMachineArn"])
    versions = sorted(machine.versions.values(), key=lambda version: int(version.version), reverse=True)
    return {
        "stateMachineVersions": [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date} for version in versions
        ]
    }


@handles("stepfunctions", "ValidateStateMachineDefinition")
def _validate(call: Call) -> Params:
    from moto.stepfunctions.parser.api import InvalidDefinition  # noqa: PLC0415
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend  # noqa: PLC0415

    try:
        StepFunctionsParserBackend._validate_definition(call.params["definition"])
    except InvalidDefinition as bad:
        finding = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(bad.message)}
        return {"result": "FAIL", "diagnostics": [finding], "truncated": False}
    wrong = diagnostics(call.params["definition"])
    return {"result": "FAIL" if wrong else "OK", "diagnostics": wrong, "truncated": False}
