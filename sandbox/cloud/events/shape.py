"""What a rule's target receives of an event: all of it, a part (InputPath), a constant (Input) or a template."""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_ABSENT = object()


def shape(event: dict[str, Any], target: dict[str, Any], rule_arn: str = "", rule_name: str = "") -> str:
    """Return the JSON text that a target gets.

    Parameters
    ----------
    event : dict
        The whole event, as EventBridge writes it.
    target : dict
        The rule's target; at most one of Input, InputPath and InputTransformer is there.
    rule_arn, rule_name : str
        For templates that name them.
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        part = find(event, target["InputPath"])
        return json.dumps(None if part is _ABSENT else part)
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    values = {name: find(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event.get("time"),
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
    }
    return fill(transformer["InputTemplate"], values)


def find(event: dict[str, Any], path: str) -> Any:
    """Follow a path such as ``$.detail.state.value`` or ``$.resources[0]``."""
    at: Any = event
    for name, index, quoted in _STEP.findall(path.removeprefix("$")):
        if index:
            if not isinstance(at, list) or int(index) >= len(at):
                return _ABSENT
            at = at[int(index)]
        else:
            key = name or quoted
            if not isinstance(at, dict) or key not in at:
                return _ABSENT
            at = at[key]
    return at


def fill(template: str, values: dict[str, Any]) -> str:
    """Put values in the place of ``<name>``: as JSON outside of quotes, as text inside of them.

    A value that the event lacks is null outside of quotes and nothing inside; a name that is nobody's stays as it is.
    """
    out: list[str] = []
    quoted = False
    at = 0
    while at < len(template):
        found = _PLACEHOLDER.match(template, at)
        if found and found[1] in values:
            value = values[found[1]]
            if not quoted:
                out.append("null" if value is _ABSENT else json.dumps(value))
            elif value is not _ABSENT:
                text = value if isinstance(value, str) else json.dumps(value)
                out.append(json.dumps(text)[1:-1])
            at = found.end()
            continue
        if template[at] == "\\" and quoted:
            out.append(template[at : at + 2])
            at += 2
            continue
        quoted ^= template[at] == '"'
        out.append(template[at])
        at += 1
    return "".join(out)
