"""Faults in the state machines' definitions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.mutants.mutant import OPPOSITES, PROTECTS, Mutant, numbered

Path = tuple[str | int, ...]
_SWAPS = {
    "And": "Or",
    "Or": "And",
    "NumericGreaterThan": "NumericGreaterThanEquals",
    "NumericGreaterThanPath": "NumericGreaterThanEqualsPath",
    "NumericLessThan": "NumericLessThanEquals",
    "NumericLessThanPath": "NumericLessThanEqualsPath",
}
_WHOLE_RULE = ("Choices", "Catch", "Retry", "And", "Or")
_WAITS = ("IntervalSeconds", "BackoffRate", "Seconds", "MaxDelaySeconds", "MaxResults", "Limit", "TimeoutSeconds")
_NAMES = ("Next", "Default", "StartAt")  # of states
_CONDITIONS = ("ConditionExpression", "ConsistentRead", "Mode", "Environment")


def mutants(path: str, source: str) -> Sequence[Mutant]:
    """Return every fault of a definition, in the order of its states."""
    whole = json.loads(source)
    return list(numbered(_mutants(path, whole)))


def _mutants(path: str, whole: Any) -> Iterator[Mutant]:
    for place, node in _walk(whole, ()):
        for what, change in _faults(place, node):
            changed = copy.deepcopy(whole)
            change(_at(changed, place[:-1]), place[-1])
            yield Mutant(path, _state(place), f"{_shown(place)} {what}", json.dumps(changed, indent=2))


def _walk(node: Any, place: Path) -> Iterator[tuple[Path, Any]]:
    if place:
        yield place, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(value, (*place, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, (*place, number))


def _faults(place: Path, node: Any) -> Iterator[tuple[str, Callable[[Any, Any], None]]]:
    key = place[-1]
    within = place[-2] if len(place) > 1 else ""
    if isinstance(key, int) and within in _WHOLE_RULE:
        yield "is left out", lambda parent, at: parent.pop(at)
        if within == "Choices":
            yield "is turned round", _negate
    if key in _SWAPS:
        yield f"becomes {_SWAPS[str(key)]}", _rename
    if isinstance(node, bool) and key != "End":
        yield f"{node} -> {not node}", lambda parent, at: parent.__setitem__(at, not node)
    elif isinstance(node, int) and not isinstance(node, bool) and key not in _WAITS:
        yield f"{node} -> {node + 1}", lambda parent, at: parent.__setitem__(at, node + 1)
    if isinstance(node, str) and node in OPPOSITES and key not in _NAMES:
        yield f"{node} -> {OPPOSITES[node]}", lambda parent, at: parent.__setitem__(at, OPPOSITES[node])
    if "Parameters" in place[:-1] and (PROTECTS.search(str(key)) or key in _CONDITIONS):
        yield "is left out", lambda parent, at: parent.pop(at)


def _negate(parent: Any, at: Any) -> None:
    rule = parent[at]
    parent[at] = {"Not": {key: value for key, value in rule.items() if key != "Next"}, "Next": rule["Next"]}


def _rename(parent: Any, at: Any) -> None:
    value = parent.pop(at)
    parent[_SWAPS[at]] = value


def _at(node: Any, place: Path) -> Any:
    for key in place:
        node = node[key]
    return node


def _state(place: Path) -> str:
    names = [place[index + 1] for index, key in enumerate(place[:-1]) if key == "States"]
    return str(names[-1]) if names else "machine"


def _shown(place: Path) -> str:
    last = max((index + 2 for index, key in enumerate(place[:-1]) if key == "States"), default=0)
    return ".".join(str(key) for key in place[last:]) or "state"
