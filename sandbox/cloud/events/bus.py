"""The default event bus: an event in, every matching rule's targets started.

Events come from `emit` (the local cloud's own state changes), from PutEvents and from moto (S3's notifications). moto
keeps the rules and matches patterns; delivery is ours, because moto knows no state machines, pipelines or topics.
Nothing is deduplicated and no order is kept, as on AWS: an event that comes twice is delivered twice.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.events import targets
from sandbox.cloud.events.shape import shape
from sandbox.cloud.moto import events
from sandbox.cloud.weather import deliveries

log = logging.getLogger("headrace.events")
Event = dict[str, Any]


def emit(source: str, detail_type: str, detail: dict[str, Any], resources: list[str] | None = None) -> None:
    """Put an event on the default bus; delivery happens on a thread of its own, after this returns.

    Parameters
    ----------
    source : str
        e.g. ``aws.sagemaker``.
    detail_type : str
        e.g. ``SageMaker Model Package State Change``.
    detail : dict
        JSON-serialisable (datetimes become ISO 8601 text); names as AWS writes them.
    resources : list of str, optional
        ARNs.
    """
    at = settings.current()
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": at.account,
        "time": moment(datetime.now(UTC)),
        "region": at.region,
        "resources": resources or [],
        "detail": json.loads(json.dumps(detail, default=_plain)),
    }
    for rule in events.rules():
        route(rule, event)


def moment(at: datetime) -> str:
    """Write a time as EventBridge does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else str(value)


def route(rule: Any, event: Event) -> None:
    """Deliver an event to a rule's targets if the rule is enabled and its pattern matches.

    Nothing is raised: a rule that fails must neither stop the others nor the call that the event tells of.
    """
    what = f"rule {rule.name}, {event['detail-type']}"
    try:
        if rule.state == "DISABLED" or not events.matches(rule, event):
            return
        for target in list(rule.targets):
            payload = shape(event, target, rule.arn, rule.name)
            for delay in deliveries.delays(rule.name, event["detail-type"]):
                targets.deliver(target, payload, targets.rule(rule.name, rule.arn), what, delay)
    except Exception:
        log.exception("%s: not delivered", what)


def _from_moto(rule: Any, event: Event) -> None:
    if not isinstance(event["time"], str):
        event = {**event, "time": moment(datetime.fromtimestamp(float(event["time"]), UTC))}
    route(rule, event)


events.deliver_by(_from_moto)
