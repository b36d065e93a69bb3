"""Which way a state machine goes at a Choice, by the rules of the Amazon States Language, without running anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

_STEP = re.compile(r"\.(\w+)|\['([^']+)'\]|\[(\d+)\]")
_MISSING = object()
_KINDS: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Numeric": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "Timestamp": lambda value: isinstance(value, str) and bool(datetime.fromisoformat(value)),
}
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda one, other: bool(one == other),
    "LessThan": lambda one, other: bool(one < other),
    "LessThanEquals": lambda one, other: bool(one <= other),
    "GreaterThan": lambda one, other: bool(one > other),
    "GreaterThanEquals": lambda one, other: bool(one >= other),
    "Matches": lambda one, other: fnmatchcase(one, other.replace("[", "[[]").replace("?", "[?]")),
}


class ChoiceError(Exception):
    """What ends an execution: a comparison with something that is not there."""


def way(state: dict[str, Any], data: Any) -> str:
    """Return the state that follows a Choice.

    Raises
    ------
    ChoiceError
        Where a rule compares what the data do not have; Step Functions ends the execution there.
    """
    assert state["Type"] == "Choice"
    for rule in state["Choices"]:
        if _holds(rule, data):
            return str(rule["Next"])
    if "Default" not in state:
        raise ChoiceError("States.NoChoiceMatched")
    return str(state["Default"])


def _holds(rule: dict[str, Any], data: Any) -> bool:
    if "And" in rule:
        return all(_holds(part, data) for part in rule["And"])
    if "Or" in rule:
        return any(_holds(part, data) for part in rule["Or"])
    return not _holds(rule["Not"], data) if "Not" in rule else _compares(rule, data)


def _compares(rule: dict[str, Any], data: Any) -> bool:
    ((operator, wanted),) = ((key, value) for key, value in rule.items() if key not in ("Variable", "Next", "Comment"))
    value = at(data, rule["Variable"])
    if operator == "IsPresent":
        return (value is not _MISSING) is bool(wanted)
    if value is _MISSING:
        raise ChoiceError(f"{rule['Variable']} is not there")
    if operator.startswith("Is"):
        return _KINDS[operator.removeprefix("Is")](value) is bool(wanted)
    if operator.endswith("Path"):
        operator, wanted = operator.removesuffix("Path"), at(data, wanted)
        if wanted is _MISSING:
            raise ChoiceError(f"{rule} compares with nothing")
    kind = next(kind for kind in _KINDS if operator.startswith(kind))
    if not (_KINDS[kind](value) and _KINDS[kind](wanted)):
        return False  # of another kind
    if kind == "Timestamp":
        value, wanted = datetime.fromisoformat(value), datetime.fromisoformat(wanted)
    return _RELATIONS[operator.removeprefix(kind)](value, wanted)


def at(data: Any, path: str) -> Any:
    """Return what stands at a path such as ``$.a['b'][0]``."""
    steps = list(_STEP.finditer(path))
    assert "$" + "".join(step.group() for step in steps) == path, path
    for step in steps:
        name, quoted, number = step.groups()
        key = int(number) if number else name or quoted
        inside = isinstance(data, list) and number and int(number) < len(data)
        if not (inside or (isinstance(data, dict) and key in data)):
            return _MISSING
        data = data[key]
    return data


def put(data: Any, path: str, value: Any) -> None:
    """Set what stands at a path of names, making what is on the way; a list is made whole."""
    *before, last = [name or quoted for name, quoted, _ in _STEP.findall(path)]
    for key in before:
        data = data.setdefault(key, {})
    data[last] = value
