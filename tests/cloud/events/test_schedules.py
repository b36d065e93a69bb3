"""The clock starts what is due, and only that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.events.expressions import ExpressionError, next_time
from tests.cloud.events.conftest import Events
from tests.cloud.local import eventually

MADE = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)  # a Thursday


def _next(expression: str, after: str, timezone: str = "UTC") -> str | None:
    found = next_time(expression, datetime.fromisoformat(after).replace(tzinfo=UTC), MADE, timezone)
    return found.strftime("%Y-%m-%dT%H:%M:%S") if found else None


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("rate(15 minutes)", "2026-01-01T00:00:30", "2026-01-01T00:15:30"),
        ("rate(15 minutes)", "2026-01-01T00:15:30", "2026-01-01T00:30:30"),
        ("rate(15 minutes)", "2025-12-31T00:00:00", "2026-01-01T00:15:30"),
        ("rate(1 day)", "2026-01-05T07:00:00", "2026-01-06T00:00:30"),
        ("cron(0 12 * * ? *)", "2026-01-01T12:00:00", "2026-01-02T12:00:00"),
        ("cron(0/20 8-9 ? * MON-FRI *)", "2026-01-02T09:40:00", "2026-01-05T08:00:00"),
        ("cron(5,10 0 1 JAN,JUL ? *)", "2026-01-01T00:10:00", "2026-07-01T00:05:00"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        ("cron(0 0 1W * ? *)", "2026-01-30T00:00:00", "2026-02-02T00:00:00"),
        ("cron(0 0 ? * 6#3 *)", "2026-01-01T00:00:00", "2026-01-16T00:00:00"),
        ("cron(0 0 ? * FRIL *)", "2026-01-01T00:00:00", "2026-01-30T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 1 1 ? 2025)", "2026-01-01T00:00:00", None),
        ("at(2026-03-01T08:00:00)", "2026-01-01T00:00:00", "2026-03-01T08:00:00"),
        ("at(2026-03-01T08:00:00)", "2026-03-01T08:00:00", None),
    ],
)
def test_next_time(expression: str, after: str, expected: str | None) -> None:
    assert _next(expression, after) == expected


def test_time_zone_decides_what_cron_and_at_mean() -> None:
    assert _next("cron(0 8 * * ? *)", "2026-01-01T00:00:00", "Europe/Berlin") == "2026-01-01T07:00:00"
    assert _next("at(2026-07-01T08:00:00)", "2026-01-01T00:00:00", "America/New_York") == "2026-07-01T12:00:00"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("every day", "must be rate"),
        ("rate(1 minutes)", "must hold a number"),
        ("rate(0 minutes)", "must hold a number"),
        ("cron(0 12 * * *)", "6 fields"),
        ("cron(0 12 * * * *)", r"exactly one .* must be \?"),
        ("cron(60 12 * * ? *)", "between 0 and 59, got '60'"),
        ("cron(0 12 ? * XYZ *)", "between 1 and 7, got 'XYZ'"),
        ("cron(0/x 12 * * ? *)", "a step"),
        ("at(tomorrow)", "yyyy-mm-ddThh:mm:ss"),
    ],
)
def test_expression_that_means_nothing_is_refused(expression: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        _next(expression, "2026-01-01T00:00:00")


def test_schedule_starts_its_state_machine_once(cloud: Events) -> None:
    machine = cloud.machine("scheduled")
    soon = datetime.now(UTC) + timedelta(seconds=2)
    scheduler = cloud.client("scheduler")
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": machine,
            "RoleArn": cloud.scheduler_role,
            "Input": json.dumps({"at": "<aws.scheduler.scheduled-time>", "why": "reconcile"}),
        },
    )
    assert eventually(lambda: cloud.inputs(machine)) == [{"at": f"{soon:%Y-%m-%dT%H:%M:%SZ}", "why": "reconcile"}]
    with pytest.raises(ClientError, match="does not exist"):
        scheduler.get_schedule(Name="once")


def test_schedule_that_cannot_be_read_is_refused(cloud: Events) -> None:
    target = {"Arn": cloud.machine("never"), "RoleArn": cloud.scheduler_role}
    with pytest.raises(ClientError, match=r"Invalid Schedule Expression cron\(0 12 \* \* \*\)"):
        cloud.client("scheduler").create_schedule(
            Name="bad", ScheduleExpression="cron(0 12 * * *)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        cloud.client("events").put_rule(Name="bad", ScheduleExpression="rate(1 minutes)")
