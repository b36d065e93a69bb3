"""What the clock starts: EventBridge Scheduler's schedules and scheduled rules, in real time.

Nothing is caught up: what was due while the local cloud was down does not fire, and rates count on from their
schedule's last change.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.events import targets
from sandbox.cloud.events.bus import moment
from sandbox.cloud.events.expressions import ExpressionError, next_time
from sandbox.cloud.events.shape import fill, shape
from sandbox.cloud.moto import events
from sandbox.cloud.state import records

log = logging.getLogger("headrace.schedules")
_TICK_SECONDS = 0.5
_stopping = threading.Event()


@handles("scheduler", "CreateSchedule", "UpdateSchedule")
def check_schedule(call: Call) -> Params:
    """Refuse an expression that means nothing; moto keeps the schedule."""
    expression, zone = call.params["ScheduleExpression"], call.params.get("ScheduleExpressionTimezone") or "UTC"
    now = datetime.now(UTC)
    try:
        next_time(expression, now, now, zone)
    except ExpressionError as error:
        raise AwsError("ValidationException", f"Invalid Schedule Expression {expression}: {error}.") from error
    return call.forward()


@handles("events", "PutRule")
def check_rule(call: Call) -> Params:
    """Refuse a scheduled rule whose expression means nothing; moto keeps the rule."""
    expression = call.params.get("ScheduleExpression")
    if expression:
        now = datetime.now(UTC)
        try:
            if expression.startswith("at("):
                raise ExpressionError("a rule takes rate(...) and cron(...)")
            next_time(expression, now, now)
        except ExpressionError as error:
            message = f"Parameter ScheduleExpression is not valid: {error}."
            raise AwsError("ValidationException", message) from error
    return call.forward()


@dataclass(frozen=True)
class Due:
    """Something that the clock starts.

    Attributes
    ----------
    since : datetime
        From when a rate counts.
    not_before, not_after : datetime or None
        The schedule's window.
    """

    arn: str
    expression: str
    timezone: str
    since: datetime
    not_before: datetime | None
    not_after: datetime | None
    thing: Any


def fire_between(start: datetime, end: datetime) -> None:
    """Start everything that is due after `start` and not after `end`."""
    for due in [*_schedules(), *_rules(start)]:
        try:
            at = next_time(due.expression, start, due.since, due.timezone)
        except ExpressionError as error:
            log.warning("%s never fires: %s", due.arn, error)
            continue
        outside = at is None or (due.not_before and at < due.not_before) or (due.not_after and at > due.not_after)
        if at is None or at > end or outside:
            continue
        if due.arn.split(":")[2] == "scheduler":
            _fire_schedule(due.thing, at)
        else:
            _fire_rule(due.thing, at)


def _schedules() -> Iterator[Due]:
    for schedule in events.schedules():
        if schedule.state == "ENABLED":
            yield Due(
                schedule.arn,
                schedule.schedule_expression,
                schedule.schedule_expression_timezone,
                datetime.fromtimestamp(schedule.last_modified_date, UTC),
                _moment(schedule.start_date),
                _moment(schedule.end_date),
                schedule,
            )


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(float(value), UTC)


def _rules(now: datetime) -> Iterator[Due]:
    """Yield the scheduled rules; moto does not say when a rule was made, so the first sight of it is kept."""
    seen = records.table("ScheduledRule")
    for rule in events.rules():
        if not rule.scheduled_expression or rule.state == "DISABLED":
            continue
        if seen.get(rule.arn, {}).get("expression") != rule.scheduled_expression:
            seen[rule.arn] = {"expression": rule.scheduled_expression, "since": now}
            records.changed()
        yield Due(rule.arn, rule.scheduled_expression, "UTC", seen[rule.arn]["since"], None, None, rule)


def _fire_schedule(schedule: Any, at: datetime) -> None:
    values = {
        "aws.scheduler.schedule-arn": schedule.arn,
        "aws.scheduler.scheduled-time": moment(at),
        "aws.scheduler.execution-id": str(uuid.uuid4()),
        "aws.scheduler.attempt-number": "1",
    }
    given = schedule.target.get("Input")
    payload = fill(given, values) if given else json.dumps(_event("aws.scheduler", schedule.arn, at))
    sender = targets.schedule(schedule.group_name, schedule.arn)
    targets.deliver(schedule.target, payload, sender, f"schedule {schedule.name}")
    if schedule.schedule_expression.startswith("at(") and schedule.action_after_completion == "DELETE":
        events.forget(schedule)


def _fire_rule(rule: Any, at: datetime) -> None:
    event = _event("aws.events", rule.arn, at)
    for target in list(rule.targets):
        payload = shape(event, target, rule.arn, rule.name)
        targets.deliver(target, payload, targets.rule(rule.name, rule.arn), f"scheduled rule {rule.name}")


def _event(source: str, arn: str, at: datetime) -> dict[str, Any]:
    here = settings.current()
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": here.account,
        "time": moment(at),
        "region": here.region,
        "resources": [arn],
        "detail": {},
    }


def _tick() -> None:
    last = datetime.now(UTC)
    while not _stopping.wait(_TICK_SECONDS):
        now = datetime.now(UTC)
        try:
            fire_between(last, now)
        except Exception:
            log.exception("the clock goes on after an error")
        last = now


def on_start() -> None:
    """Start the clock."""
    _stopping.clear()
    threading.Thread(target=_tick, name="schedules", daemon=True).start()


def on_stop() -> None:
    """Stop the clock."""
    _stopping.set()
