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
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud import clients, settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam.service_uses import EVENTS, SCHEDULER, Use
from sandbox.cloud.events import as_service
from sandbox.cloud.run.shared.roles import assume, role_client

log = logging.getLogger("headrace.events")
Target = dict[str, Any]

_PAUSES = (0.5, 2.0, 5.0)  # seconds before the second, third and fourth attempt
_WORTH_ANOTHER = {"ThrottlingException", "TooManyRequestsException", "InternalFailure", "InternalServerError"}
_STOPPED = threading.Event()
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="delivery")


class DeliveryError(Exception):
    """A target that cannot be reached, with the reason for the log and the dead-letter queue."""


@dataclass(frozen=True)
class Sender:
    """Who delivers: a rule, a schedule or an alarm.

    Attributes
    ----------
    principal : str
        The service, which a resource's policy may allow.
    arn : str
        The rule, schedule or alarm.
    use : Use or None
        How it assumes a target's role; None where it takes none.
    name : str
        What that use's ``aws:SourceArn`` names: the rule, or the schedule's group.
    """

    principal: str
    arn: str
    use: Use | None = None
    name: str = ""


def rule(name: str, arn: str) -> Sender:
    """Return a rule as sender."""
    return Sender(EVENTS.principal, arn, EVENTS, name)


def schedule(group: str, arn: str) -> Sender:
    """Return a schedule as sender."""
    return Sender(SCHEDULER.principal, arn, SCHEDULER, group)


def deliver(target: Target, payload: str, sender: Sender, what: str, delay: float = 0.0) -> None:
    """Hand a payload to a target on a thread of the pool; failures are logged and go to the dead-letter queue.

    Parameters
    ----------
    target : dict
        Arn, RoleArn and the kind's own parameters, as EventBridge rules and schedules have them.
    payload : str
        JSON, already shaped.
    sender : Sender
        On whose behalf.
    what : str
        Names the rule or schedule in log lines.
    delay : float
        Seconds until then.
    """
    delivery = (copy.deepcopy(target), payload, sender, what)
    if delay:
        later = threading.Timer(delay, _begin, delivery)
        later.daemon = True
        later.start()
    else:
        _begin(*delivery)


def _begin(*delivery: Any) -> None:
    if not _STOPPED.is_set():
        _POOL.submit(_attempts, *delivery)


def on_stop() -> None:
    """Give up what waits for another attempt; the server is going away."""
    _STOPPED.set()
    _POOL.shutdown(wait=False, cancel_futures=True)


def _attempts(target: Target, payload: str, sender: Sender, what: str) -> None:
    allowed = min((target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", len(_PAUSES)), len(_PAUSES))
    reason = ""
    for attempt in range(allowed + 1):
        try:
            send(target, payload, sender)
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
    _dead_letter(target, payload, sender, reason, what)


def _passing(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or error.response.get("Error", {}).get("Code") in _WORTH_ANOTHER


def _dead_letter(target: Target, payload: str, sender: Sender, reason: str, what: str) -> None:
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return
    try:
        about = {"ERROR_MESSAGE": reason[:1000], "TARGET_ARN": target["Arn"]}
        if sender.use is SCHEDULER:  # whose schedule's role has to reach the queue
            sqs = _as_role("sqs", target, sender)
        else:
            sqs = _as_itself("sqs", "sqs:SendMessage", queue_arn, sender)
        _send_to_queue(sqs, queue_arn, payload, about, None)
    except (DeliveryError, ClientError, BotoCoreError) as error:
        log.warning("%s: the dead-letter queue %s took nothing: %s", what, queue_arn, error)


def send(target: Target, payload: str, sender: Sender) -> None:
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
    kind(target, payload, sender)


def _as_role(service: str, target: Target, sender: Sender) -> Any:
    role_arn = target.get("RoleArn")
    if not role_arn or sender.use is None:
        raise DeliveryError(f"a target of this kind needs RoleArn: the role with which {sender.principal} may start it")
    try:
        keys = assume(role_arn, sender.use, sender.name, f"events-{uuid.uuid4().hex[:16]}")
    except AwsError as error:
        raise DeliveryError(error.message) from error
    return role_client(service, keys)


def _as_itself(service: str, action: str, arn: str, sender: Sender) -> Any:
    """Return a client for a target whose own policy lets the service in.

    Raises
    ------
    DeliveryError
        If that policy does not, or the policy of the key that it is encrypted with.
    """
    refusal = as_service.refusal(sender.principal, action, arn, sender.arn)
    if refusal:
        raise DeliveryError(refusal)
    return clients.client(service)


def _as_given(service: str, action: str, target: Target, sender: Sender) -> Any:
    """Return a client for a kind of target that may also let the service itself in, instead of a role.

    A schedule always acts as its role.
    """
    if target.get("RoleArn") or sender.use is SCHEDULER:
        return _as_role(service, target, sender)
    return _as_itself(service, action, target["Arn"], sender)


def _start_state_machine(target: Target, payload: str, sender: Sender) -> None:
    _as_role("stepfunctions", target, sender).start_execution(
        stateMachineArn=target["Arn"], name=str(uuid.uuid4()), input=payload
    )


def _start_pipeline(target: Target, payload: str, sender: Sender) -> None:
    del payload  # a pipeline takes its parameters from the target, never from the event
    given = target.get("SageMakerPipelineParameters") or {}
    _as_role("sagemaker", target, sender).start_pipeline_execution(
        PipelineName=target["Arn"].split("/")[-1],
        PipelineParameters=given.get("PipelineParameterList") or [],
        ClientRequestToken=str(uuid.uuid4()),
    )


def _publish(target: Target, payload: str, sender: Sender) -> None:
    _as_given("sns", "sns:Publish", target, sender).publish(TopicArn=target["Arn"], Message=payload)


def _queue(target: Target, payload: str, sender: Sender) -> None:
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    _send_to_queue(_as_given("sqs", "sqs:SendMessage", target, sender), target["Arn"], payload, {}, group)


def _send_to_queue(sqs: Any, queue_arn: str, payload: str, attributes: dict[str, str], group: str | None) -> None:
    *_, account, name = queue_arn.split(":")
    url = f"{settings.current().endpoint_url}/{account}/{name}"
    more = {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex} if group else {}
    sqs.send_message(
        QueueUrl=url,
        MessageBody=payload,
        MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
        **more,
    )


def _log(target: Target, payload: str, sender: Sender) -> None:
    group, stream = target["Arn"].split(":log-group:")[1].removesuffix(":*"), str(uuid.uuid4())
    place = f"{target['Arn'].removesuffix(':*')}:log-stream:{stream}"
    _as_itself("logs", "logs:CreateLogStream", place, sender)
    logs = _as_itself("logs", "logs:PutLogEvents", place, sender)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    line = {"timestamp": int(time.time() * 1000), "message": payload}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])


def _other_bus(target: Target, payload: str, sender: Sender) -> None:
    event = json.loads(payload)
    _as_role("events", target, sender).put_events(
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


_KINDS: dict[str, Callable[[Target, str, Sender], None]] = {
    "states:stateMachine:": _start_state_machine,
    "sagemaker:pipeline/": _start_pipeline,
    "sns:": _publish,
    "sqs:": _queue,
    "logs:log-group:": _log,
    "events:event-bus/": _other_bus,
}
