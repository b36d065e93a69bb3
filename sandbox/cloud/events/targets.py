"""Delivery to one target: what a rule or a schedule starts, with the rights of the role that it names."""

from __future__ import annotations

import copy
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud import clients
from sandbox.cloud.actions import AwsError
from sandbox.cloud.run.roles import check_role, role_client

log = logging.getLogger("headrace.events")
Target = dict[str, Any]

_PAUSES = (0.5, 2.0, 5.0)  # seconds before the second, third and fourth attempt
_WORTH_ANOTHER = {"ThrottlingException", "TooManyRequestsException", "InternalFailure", "InternalServerError"}
_STOPPED = threading.Event()
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="delivery")


class DeliveryError(Exception):
    """A target that cannot be reached, with the reason for the log and the dead-letter queue."""


def deliver(target: Target, payload: str, principal: str, what: str) -> None:
    """Hand a payload to a target on a thread of the pool; failures are logged and go to the dead-letter queue.

    Parameters
    ----------
    target : dict
        Arn, RoleArn and the kind's own parameters, as EventBridge rules and schedules have them.
    payload : str
        JSON, already shaped.
    principal : str
        The service whose trust the role must have: events.amazonaws.com or scheduler.amazonaws.com.
    what : str
        Names the rule or schedule in log lines.
    """
    _POOL.submit(_attempts, copy.deepcopy(target), payload, principal, what)


def on_stop() -> None:
    """Give up what waits for another attempt; the server is going away."""
    _STOPPED.set()
    _POOL.shutdown(wait=False, cancel_futures=True)


def _attempts(target: Target, payload: str, principal: str, what: str) -> None:
    allowed = min((target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", len(_PAUSES)), len(_PAUSES))
    reason = ""
    for attempt in range(allowed + 1):
        try:
            send(target, payload, principal)
        except DeliveryError as error:
            reason = str(error)
            break
        except (ClientError, BotoCoreError) as error:
            reason = str(error)
            if isinstance(error, ClientError) and not _passing(error):
                break
            if attempt < allowed:
                _STOPPED.wait(_PAUSES[attempt])
        except Exception as error:
            log.exception("%s: delivery to %s failed", what, target.get("Arn"))
            reason = repr(error)
            break
        else:
            return
    log.warning("%s: not delivered to %s: %s", what, target.get("Arn"), reason)
    _dead_letter(target, payload, reason, what)


def _passing(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or error.response.get("Error", {}).get("Code") in _WORTH_ANOTHER


def _dead_letter(target: Target, payload: str, reason: str, what: str) -> None:
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return
    try:
        about = {"ERROR_MESSAGE": reason[:1000], "TARGET_ARN": target["Arn"]}
        _send_to_queue(clients.client("sqs"), queue_arn, payload, about, None)
    except (ClientError, BotoCoreError) as error:
        log.warning("%s: the dead-letter queue %s took nothing: %s", what, queue_arn, error)


def send(target: Target, payload: str, principal: str) -> None:
    """Start or fill one target, once."""
    arn = target["Arn"]
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    kind = next(
        (name for prefix, name in _KINDS.items() if f"{service}:{arn.split(':', 5)[-1]}".startswith(prefix)), None
    )
    if kind is None:
        raise DeliveryError(
            "the local cloud delivers to state machines, SageMaker pipelines, topics, queues, log groups and event "
            f"buses, not to {arn}"
        )
    kind(target, payload, principal)


def _as_role(service: str, target: Target, principal: str) -> Any:
    role_arn = target.get("RoleArn")
    if not role_arn:
        raise DeliveryError(f"a target of this kind needs RoleArn: the role with which {principal} may start it")
    try:
        check_role(role_arn, principal)
    except AwsError as error:
        raise DeliveryError(error.message) from error
    return role_client(service, clients.role_credentials(role_arn, f"events-{uuid.uuid4().hex[:16]}"))


def _as_given(service: str, target: Target, principal: str) -> Any:
    """Return a client for a kind of target that may also trust the service itself instead of a role."""
    return _as_role(service, target, principal) if target.get("RoleArn") else clients.client(service)


def _start_state_machine(target: Target, payload: str, principal: str) -> None:
    _as_role("stepfunctions", target, principal).start_execution(
        stateMachineArn=target["Arn"], name=str(uuid.uuid4()), input=payload
    )


def _start_pipeline(target: Target, payload: str, principal: str) -> None:
    del payload  # a pipeline takes its parameters from the target, never from the event
    given = target.get("SageMakerPipelineParameters") or {}
    _as_role("sagemaker", target, principal).start_pipeline_execution(
        PipelineName=target["Arn"].split("/")[-1],
        PipelineParameters=given.get("PipelineParameterList") or [],
        ClientRequestToken=str(uuid.uuid4()),
    )


def _publish(target: Target, payload: str, principal: str) -> None:
    _as_given("sns", target, principal).publish(TopicArn=target["Arn"], Message=payload)


def _queue(target: Target, payload: str, principal: str) -> None:
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    _send_to_queue(_as_given("sqs", target, principal), target["Arn"], payload, {}, group)


def _send_to_queue(sqs: Any, queue_arn: str, payload: str, attributes: dict[str, str], group: str | None) -> None:
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", maxsplit=1)[-1])["QueueUrl"]
    more = {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex} if group else {}
    sqs.send_message(
        QueueUrl=url,
        MessageBody=payload,
        MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
        **more,
    )


def _log(target: Target, payload: str, principal: str) -> None:
    del principal
    logs = clients.client("logs")
    group, stream = target["Arn"].split(":log-group:")[1].removesuffix(":*"), str(uuid.uuid4())
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    line = {"timestamp": int(time.time() * 1000), "message": payload}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])


def _other_bus(target: Target, payload: str, principal: str) -> None:
    del principal
    event = json.loads(payload)
    clients.client("events").put_events(
        Entries=[
            {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
                "Resources": event.get("resources", []),
                "EventBusName": target["Arn"],
            }
        ]
    )


_KINDS: dict[str, Callable[[Target, str, str], None]] = {
    "states:stateMachine:": _start_state_machine,
    "sagemaker:pipeline/": _start_pipeline,
    "sns:": _publish,
    "sqs:": _queue,
    "logs:log-group:": _log,
    "events:event-bus/": _other_bus,
}
