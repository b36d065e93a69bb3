"""moto's state machines, and what of its parser is mended: names of errors and members, times, speed."""

from __future__ import annotations

import copy
import functools
import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import botocore.session

from sandbox.cloud.actions import AwsError, Params

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
_READYING = threading.Lock()
_ready = False  # moto's parser is imported and mended


def machines(account: str, region: str) -> list[Any]:
    """Return the state machines: moto's own records, with ``arn``, ``name``, ``roleArn``."""
    return list(_backend(account, region).state_machines)


def versions(account: str, region: str, machine: str) -> list[Any]:
    """Return the versions of a state machine by its ARN: moto's own records, with ``arn``, ``version``."""
    return list(_backend(account, region).describe_state_machine(machine).versions.values())


def execution(account: str, region: str, arn: str) -> Any:
    """Return an execution: moto's own record.

    Raises
    ------
    AwsError
        ExecutionDoesNotExist.
    """
    from moto.stepfunctions.exceptions import ExecutionDoesNotExist  # noqa: PLC0415

    try:
        return _backend(account, region).describe_execution(arn)
    except ExecutionDoesNotExist as unknown:
        raise AwsError("ExecutionDoesNotExist", str(unknown.message)) from unknown


def complaint(definition: str) -> str | None:
    """Return why moto's parser does not take a definition, or None where it does."""
    from moto.stepfunctions.parser.api import InvalidDefinition  # noqa: PLC0415
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend  # noqa: PLC0415

    try:
        StepFunctionsParserBackend._validate_definition(definition)
    except InvalidDefinition as bad:
        return str(bad.message)
    return None


def _backend(account: str, region: str) -> Any:
    from moto.stepfunctions.responses import get_backend  # noqa: PLC0415 - which of two is for the configuration to say

    return get_backend(account, region)


def act_with(client_for: Callable[[str, str, str], Any]) -> None:
    """Give tasks their clients by a function of region, service and the machine's role; before the parser is imported.

    The parser takes moto's own function, which acts as nobody, at its import.
    """
    from moto.stepfunctions.parser.asl.utils import boto_client  # noqa: PLC0415 - slow, and after the configuration

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        role = state_credentials.role_arn if state_credentials else ""
        return client_for(region, _CLIENT_NAMES.get(service, service), role)

    boto_client.boto_client_for = boto_client_for


def make_ready(ended: Callable[[], None]) -> None:
    """Import moto's parser, which takes seconds, and mend it, once; `ended` is told of every execution's end."""
    global _ready  # noqa: PLW0603
    with _READYING:
        if not _ready:
            _mend(ended)
            _ready = True


def _mend(ended: Callable[[], None]) -> None:
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

    def told(self: Any) -> None:
        terminated(self)
        ended()

    BaseExecutionWorkerCommunication.terminated = told


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
