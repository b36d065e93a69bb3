"""Events that are lost, come twice, late or out of order, and rules that are not yet in force."""

from __future__ import annotations

import time

from sandbox.cloud.weather import sky

_LOST = 0.25
_DOUBLED = 0.25
_LATE = 0.25
_LATEST_SECONDS = 8.0
_RULE_SECONDS = 20.0  # EventBridge: "allow a short period of time for changes to take effect"

_CHANGED: dict[str, float] = {}  # when a rule was changed last, by its name


def rule_changed(name: str) -> None:
    """Remember that a rule or its targets were changed just now."""
    _CHANGED[name] = time.monotonic()


def delays(rule: str, what: str) -> list[float]:
    """Return after how many seconds each delivery of an event is to happen: none if it is lost, two if it is doubled.

    Parameters
    ----------
    rule : str
        The rule's name.
    what : str
        Names the event in the log, without what differs from run to run.
    """
    weather = sky.current()
    if weather is None:
        return [0.0]
    if time.monotonic() - _CHANGED.get(rule, -_RULE_SECONDS) < _RULE_SECONDS:
        weather.tell("lost", f"{what}: {rule} was changed within {_RULE_SECONDS:.0f} s")
        return []
    if weather.happens("event lost", what, _LOST):
        weather.tell("lost", f"{what} for {rule}")
        return []
    found = [_delay(weather, what)]
    if weather.happens("event doubled", what, _DOUBLED):
        found.append(_delay(weather, what))
    if found != [0.0]:
        weather.tell("delivered", f"{what} for {rule} after {', '.join(f'{seconds:.1f} s' for seconds in found)}")
    return found


def _delay(weather: sky.Sky, what: str) -> float:
    late = weather.happens("event late", what, _LATE)
    return round(weather.draw("event delay", what) * _LATEST_SECONDS, 1) if late else 0.0
