"""How to make another value of a type; which of several is legal, the model that holds it says."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

_PATTERNS: dict[str, tuple[str, ...]] = {
    r"^[a-z]{2}(-[a-z]+)+-[0-9]$": ("eu-west-1", "us-east-1"),
    r"^ml\.[a-z0-9-]+\.[a-z0-9]+$": ("ml.c5.xlarge", "ml.m5.large"),
    r"^[0-9]{12}$": ("111122223333",),
    r"^[a-z][a-z0-9]{0,15}$": ("other",),
    r"^[a-z][a-z0-9-]{0,20}[a-z0-9]$": ("other",),
    r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$": ("sklearn.ensemble.RandomForestClassifier",),
    r"\.ya?ml$": ("workloads/other/workload.yaml",),
}

_QUEUE = "arn:aws:sqs:us-east-1:000000000000:told"  # who is told of alarms


def others(annotation: Any, field: FieldInfo | None, value: Any) -> list[Any]:  # noqa: PLR0911 - one way a type
    """Return other values of a type; which of them are legal, the models say."""
    metadata = list(field.metadata) if field is not None else []
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        annotation, *more = arguments
        metadata += more
        origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        kinds = [one for one in arguments if one is not types.NoneType]
        fitting = [one for one in kinds if value is None or len(kinds) == 1 or _fits(value, one)]
        gone = [None] if value is not None and types.NoneType in arguments else []
        return [*(other for kind in fitting for other in others(kind, None, value)), *gone]
    if origin is Literal:
        return [one for one in arguments if one != value]
    if origin is tuple:
        return _tuples(arguments, value)
    if origin is dict:
        kept = dict(value or {})
        more = others(arguments[1], None, None) if not kept and get_origin(arguments[1]) is Literal else []
        return [
            *({**kept, f"{name}_again": one} for name, one in list(kept.items())[:1]),
            *({key: one for key, one in kept.items() if key != name} for name in list(kept)[:1]),
            *({"event_time": one} for one in more),  # what may be said of a source's columns
        ]
    if annotation is bool:
        return [value not in (True, "true")]
    if annotation is int:
        return [int(value) + 1, int(value) - 1, 30, 60]
    if annotation is float:
        return [0.4, 0.6] if value is None else [round(value * 0.9 + 0.01, 4), value + 1]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [str(one) for one in annotation if one != value]
    if annotation is str:
        return _texts(metadata, value)
    return []


def _fits(value: Any, kind: Any) -> bool:
    """Tell whether a value is of one of a union's kinds."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    return isinstance(value, get_origin(kind) or kind)


def _tuples(arguments: tuple[Any, ...], value: Any) -> list[Any]:
    if arguments[-1] is Ellipsis:
        kind = get_args(arguments[0])[0] if get_origin(arguments[0]) is Annotated else arguments[0]
        if kind is float:
            return [[0.25, 0.75]]
        more = [*others(arguments[0], None, "zz"), _QUEUE]
        return [[*(value or []), other] for other in more]
    if value is None:
        return [[0, 1]]
    low, high = value
    return [[low, high + 1], [low, round(high * 0.9, 4)]]


def _texts(metadata: Sequence[Any], value: str) -> list[Any]:
    flat = [inner for entry in metadata for inner in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]
    patterns = [str(entry.pattern) for entry in flat if getattr(entry, "pattern", None)]
    if patterns:
        tries = _PATTERNS.get(patterns[0], (f"{value}_2", f"{value}-2"))
        # One that is refused for its spelling would say nothing of the edit.
        return [one for one in tries if one != value and re.search(patterns[0], one)]
    return [f"{value} Reworded.", "brier_score", "origin", "route", "request", "UTC"]
