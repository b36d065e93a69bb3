"""EventBridge's rules and Scheduler's schedules as moto keeps them, and delivery taken out of its hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.moto import backends


def rules() -> list[Any]:
    """Return the rules of the default bus: moto's own records, with ``name``, ``arn``, ``state``, ``targets``..."""
    at = settings.current()
    return list(backends.of("events", at.account, at.region).event_buses["default"].rules.values())


def schedules() -> list[Any]:
    """Return every group's schedules: moto's own records, with ``arn``, ``group_name``, ``state``, ``target``..."""
    at = settings.current()
    groups = list(backends.of("scheduler", at.account, at.region).schedule_groups.values())
    return [schedule for group in groups for schedule in list(group.schedules.values())]


def forget(schedule: Any) -> None:
    """Remove a schedule."""
    at = settings.current()
    group = backends.of("scheduler", at.account, at.region).schedule_groups.get(schedule.group_name)
    if group is not None:
        group.schedules.pop(schedule.name, None)


def matches(rule: Any, event: dict[str, Any]) -> bool:
    """Return whether a rule has a pattern, and the event matches it."""
    return bool(rule.event_pattern.dump() and rule.event_pattern.matches_event(event))


def deliver_by(deliver: Callable[[Any, dict[str, Any]], None]) -> None:
    """Have what matches a rule handed to a function; archives, which are rules inside moto, stay moto's."""
    from moto.events.models import Rule  # noqa: PLC0415 - moto is configured by then

    by_moto = Rule.send_to_targets

    def send_to_targets(rule: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
        if any(target["Arn"].endswith(":::") for target in rule.targets):
            by_moto(rule, original_event, transform_input)
        else:
            deliver(rule, {name: value for name, value in original_event.items() if name != "ingestion-time"})

    Rule.send_to_targets = send_to_targets
