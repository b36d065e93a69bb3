"""What of a state machine's definition AWS refuses and moto's parser does not: transitions that lead nowhere.

Codes and wording are those of states:ValidateStateMachineDefinition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_LAST = ("Choice", "Fail", "Succeed")  # states that have neither Next nor End
_BRANCHES = (("Branches", "Parallel"), ("ItemProcessor", "Map"), ("Iterator", "Map"))


def diagnostics(definition: str) -> list[dict[str, str]]:
    """Return what is wrong with the transitions of a definition; nothing for text that is no JSON object."""
    try:
        machine = json.loads(definition)
    except json.JSONDecodeError:
        return []
    return list(_machine(machine, "")) if isinstance(machine, dict) else []


def _machine(machine: dict[str, Any], place: str) -> Iterator[dict[str, str]]:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield _error("SCHEMA_VALIDATION_FAILED", "A state machine must have States", f"{place}/States")
        return
    start = machine.get("StartAt")
    if start not in states:
        yield _error("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {start}", f"{place}/StartAt")
    reached = {start}
    for name, state in states.items():
        where = f"{place}/States/{name}"
        for member, target in _targets(state):
            reached.add(target)
            if target not in states:
                yield _error("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", f"{where}/{member}")
        if state.get("Type") not in _LAST and ("Next" in state) == bool(state.get("End")):
            yield _error("SCHEMA_VALIDATION_FAILED", "A state must have exactly one of Next and End: true", where)
        for member, _ in _BRANCHES:
            inner = state.get(member, [])
            for index, part in enumerate(inner if isinstance(inner, list) else [inner]):
                yield from _machine(part, f"{where}/{member}" + (f"[{index}]" if isinstance(inner, list) else ""))
    for name in states:
        if name not in reached:
            said = f'State "{name}" is not reachable.'
            yield _error("MISSING_TRANSITION", said, f"{place}/States/{name}")


def _targets(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for member in ("Next", "Default"):
        if member in state:
            yield member, state[member]
    for member in ("Choices", "Catch"):
        for index, branch in enumerate(state.get(member, [])):
            if "Next" in branch:
                yield f"{member}[{index}]/Next", branch["Next"]


def _error(code: str, message: str, location: str) -> dict[str, str]:
    return {"severity": "ERROR", "code": code, "message": message, "location": location}
