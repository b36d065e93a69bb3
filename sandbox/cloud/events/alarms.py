"""Metric alarms that evaluate: moto keeps alarms and data, this looks at them every few seconds.

One metric with a statistic or a percentile; alarms over metric math and composite alarms keep the state they have.
"""

from __future__ import annotations

import json
import logging
import math
import operator
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.actions import Call, Params, handles
from sandbox.cloud.events import bus, targets
from sandbox.cloud.moto import cloudwatch
from sandbox.cloud.state import records

log = logging.getLogger("headrace.alarms")
_EVERY_SECONDS = 2.0
_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_stopping = threading.Event()


@handles("cloudwatch", "SetAlarmState")
def set_alarm_state(call: Call) -> Params:
    """Let moto set the state, then act as for a state that was found; the next evaluation may set it back."""
    alarm = cloudwatch.alarms(call.account, call.region).get(call.params["AlarmName"])
    before = alarm.state_value if alarm else ""
    answer = call.forward()
    if alarm is not None and alarm.state_value != before:
        _tell(alarm, before)
    return answer


def evaluate(alarm: Any, data: Iterable[Any], now: datetime) -> tuple[str, str] | None:
    """Return an alarm's state and the reason, None where the state is to stay.

    Parameters
    ----------
    alarm : Alarm
        moto's.
    data : iterable
        All of moto's metric data.
    now : datetime
        Aware.
    """
    compare, words = _COMPARE[alarm.comparison_operator]
    points = _points(alarm, data, now)
    known = [point for point in points if point is not None]
    missing = len(points) - len(known)
    treatment = alarm.treat_missing_data or "missing"
    if not known and treatment in ("missing", "ignore"):
        if treatment == "ignore":
            return None
        return "INSUFFICIENT_DATA", f"Insufficient Data: {missing} datapoints were unknown."
    threshold = float(alarm.threshold)
    breaching = sum(compare(point, threshold) for point in known) + (missing if treatment == "breaching" else 0)
    needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    crossed = breaching >= needed
    shown = ", ".join(f"{point:g}" for point in known) or f"no datapoints, missing ones count as {treatment}"
    return (
        "ALARM" if crossed else "OK",
        f"Threshold Crossed: {breaching} out of the last {len(points)} datapoints [{shown}] were"
        f"{'' if crossed else ' not'} {words} the threshold ({threshold:g}); {needed} are needed.",
    )


def _points(alarm: Any, data: Iterable[Any], now: datetime) -> list[float | None]:
    """Return the statistic of the last periods, the newest first; the running period counts once it has data."""
    period, count = int(alarm.period), int(alarm.evaluation_periods)
    wanted = {(dimension.name, dimension.value) for dimension in alarm.dimensions}
    newest = int(now.timestamp()) // period
    by_period: dict[int, list[Any]] = {}
    oldest = (now - timedelta(seconds=period * (count + 1))).timestamp()
    for datum in data:
        if datum.name != alarm.metric_name or datum.namespace != alarm.namespace:
            continue
        at = _seconds(datum.timestamp)
        if at >= oldest and {(dimension.name, dimension.value) for dimension in datum.dimensions} == wanted:
            by_period.setdefault(int(at) // period, []).append(datum)
    first = newest if newest in by_period else newest - 1
    statistic = alarm.extended_statistic or alarm.statistic
    return [_statistic(statistic, by_period[at]) if at in by_period else None for at in range(first, first - count, -1)]


def _seconds(at: datetime) -> float:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _statistic(name: str, data: list[Any]) -> float:
    """Return a statistic of a period; for percentiles a statistic set is its maximum once, else the others' mean."""
    rows = [cloudwatch.summary(datum) for datum in data]
    if name.startswith("p"):
        values: list[float] = []
        for count, total, _, high in rows:
            rest = max(int(count) - 1, 0)
            values += [high, *([(total - high) / rest] * rest if rest else [])]
        return sorted(values)[max(math.ceil(float(name[1:]) / 100 * len(values)) - 1, 0)]
    if name == "Average":
        return sum(row[1] for row in rows) / sum(row[0] for row in rows)
    if name == "Minimum":
        return min(row[2] for row in rows)
    if name == "Maximum":
        return max(row[3] for row in rows)
    return sum(row[1] if name == "Sum" else row[0] for row in rows)


def look() -> None:
    """Evaluate every alarm once, and act on those whose state changes."""
    at = settings.current()
    now = datetime.now(UTC)
    data = cloudwatch.data(at.account, at.region)
    for alarm in cloudwatch.alarms(at.account, at.region).values():
        if alarm.rule or alarm.metric_data_queries:
            continue
        found = evaluate(alarm, data, now)
        if found is None or found[0] == alarm.state_value:
            continue
        before = alarm.state_value
        alarm.update_state(found[1], json.dumps({"version": "1.0"}), found[0])
        records.changed()
        _tell(alarm, before)


def _tell(alarm: Any, before: str) -> None:
    moment = bus.moment(datetime.now(UTC))
    state = {"value": alarm.state_value, "reason": alarm.state_reason, "timestamp": moment}
    dimensions = {dimension.name: dimension.value for dimension in alarm.dimensions}
    metric = {"namespace": alarm.namespace, "name": alarm.metric_name, "dimensions": dimensions}
    stat = {"metric": metric, "period": alarm.period, "stat": alarm.extended_statistic or alarm.statistic}
    detail = {
        "alarmName": alarm.name,
        "state": state,
        "previousState": {"value": before},
        "configuration": {
            "description": alarm.description,
            "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
        },
    }
    bus.emit("aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm.alarm_arn])
    if not alarm.actions_enabled:
        return
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    message = json.dumps(_message(alarm, before, moment, dimensions))
    sender = targets.Sender("cloudwatch.amazonaws.com", alarm.alarm_arn)
    for arn in actions[alarm.state_value] or []:
        targets.deliver({"Arn": arn}, message, sender, f"alarm {alarm.name}")


def _message(alarm: Any, before: str, moment: str, dimensions: dict[str, str]) -> dict[str, Any]:
    """Return what people get from an alarm's topic."""
    at = settings.current()
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": at.account,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": moment,
        "Region": at.region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.extended_statistic or alarm.statistic,
            "Dimensions": [{"name": name, "value": value} for name, value in dimensions.items()],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data or "missing",
        },
    }


def _watch() -> None:
    while not _stopping.wait(_EVERY_SECONDS):
        try:
            look()
        except Exception:
            log.exception("the alarms are looked at again after an error")


def on_start() -> None:
    """Start to watch the alarms."""
    _stopping.clear()
    threading.Thread(target=_watch, name="alarms", daemon=True).start()


def on_stop() -> None:
    """Stop to watch the alarms."""
    _stopping.set()
