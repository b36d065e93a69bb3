"""Reads a SageMaker pipeline's definition: its parameters, its steps, and which step waits for which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KNOWN = ("Processing", "Training", "Condition", "Fail", "Model", "RegisterModel")
_TYPES: dict[str, type | tuple[type, ...]] = {"String": str, "Integer": int, "Float": (int, float), "Boolean": bool}
_STEP = re.compile(r"Steps\.([A-Za-z0-9_-]+)")


class DefinitionError(Exception):
    """A definition or a parameter cannot be used; the message lists everything that is wrong."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    name, kind : str
        Its name and type.
    body : dict
        As in the definition.
    needs : frozenset of str
        The steps that must have succeeded first.
    branch : tuple or None
        The condition step that this one hangs on, and the outcome that it wants.
    """

    name: str
    kind: str
    body: Mapping[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None = None


@dataclass(frozen=True)
class Definition:
    """A pipeline's parameters and steps, those inside conditions included, in the order of the document."""

    parameters: Sequence[Mapping[str, Any]]
    steps: Mapping[str, Step]


def _references(value: Any) -> Iterator[str]:
    """Yield the names of the steps that a value refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("Get"), str) and (found := _STEP.match(value["Get"])):
            yield found[1]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _steps(bodies: Sequence[Mapping[str, Any]], branch: tuple[str, bool] | None) -> Iterator[Step]:
    for body in bodies:
        arguments = dict(body.get("Arguments", {}))
        inside = {outcome: arguments.pop(key, []) for key, outcome in (("IfSteps", True), ("ElseSteps", False))}
        needs = set(body.get("DependsOn", [])) | set(_references(arguments))
        if branch is not None:
            needs.add(branch[0])
        yield Step(body["Name"], body["Type"], body, frozenset(needs), branch)
        for outcome, bodies_inside in inside.items():
            yield from _steps(bodies_inside, (body["Name"], outcome))


def parse(text: str) -> Definition:
    """Read a definition.

    Raises
    ------
    DefinitionError
        If it is no JSON, uses a step type that is not executed here, names a step twice or one that does not exist, or
        goes round in a circle.
    """
    try:
        content = json.loads(text)
        listed = list(_steps(content["Steps"], None))
    except (ValueError, KeyError, TypeError) as error:
        raise DefinitionError(f"the pipeline definition cannot be read: {error!r}") from error
    steps = {step.name: step for step in listed}
    problems = []
    if len(steps) < len(listed):
        names = [step.name for step in listed]
        problems.append(f"step names must be unique, got {sorted({n for n in names if names.count(n) > 1})} twice")
    for step in listed:
        if step.kind not in KNOWN:
            problems.append(f"step {step.name}: its type must be one of {', '.join(KNOWN)} here, got {step.kind}")
        if unknown := sorted(step.needs - set(steps)):
            problems.append(f"step {step.name} waits for {unknown}, which the pipeline does not have")
    if not problems and (circle := _circle(steps)):
        problems.append(f"the steps {circle} wait for one another")
    if problems:
        raise DefinitionError("; ".join(problems))
    return Definition(content.get("Parameters", []), steps)


def _circle(steps: Mapping[str, Step]) -> list[str]:
    left = set(steps)
    while free := {name for name in left if not steps[name].needs & left}:
        left -= free
    return sorted(left)


def values(definition: Definition, given: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter's value: the given one, else its default.

    Raises
    ------
    DefinitionError
        Naming every unknown, missing or mistyped parameter at once.
    """
    known = {item["Name"]: item for item in definition.parameters}
    problems = [
        f"parameter {name} is not defined; the pipeline has {sorted(known)}" for name in set(given) - set(known)
    ]
    found: dict[str, Any] = {}
    for name, item in known.items():
        if name not in given and "DefaultValue" not in item:
            problems.append(f"parameter {name} ({item['Type']}) has no default value and must be given")
            continue
        try:
            found[name] = _typed(item["Type"], given[name]) if name in given else item["DefaultValue"]
            if not isinstance(found[name], _TYPES[item["Type"]]):
                raise ValueError
        except ValueError:
            problems.append(f"parameter {name} must be of type {item['Type']}, got {given.get(name)!r}")
            continue
        if item.get("EnumValues") and found[name] not in item["EnumValues"]:
            problems.append(f"parameter {name} must be one of {item['EnumValues']}, got {found[name]!r}")
    if problems:
        raise DefinitionError("; ".join(sorted(problems)))
    return found


def _typed(kind: str, text: str) -> Any:
    """Read a parameter's value, which StartPipelineExecution carries as text."""
    if kind == "Boolean":
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else text
    return {"Integer": int, "Float": float}.get(kind, str)(text)
