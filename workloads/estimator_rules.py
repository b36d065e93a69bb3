"""Rules of the estimator: classes that there are, and parameters that they take."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workloads import signatures
from workloads.fields import Workload
from workloads.signatures import MissingError, UnknownError

BrokenRule = tuple[tuple[str | int, ...], str, Any, str]  # location, rule, value, remedy
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def estimator_rules(workload: Workload, folder: Path) -> Iterator[BrokenRule]:
    """Find classes that are not there and parameters that they do not take, as far as their sources say it."""
    estimator = workload.estimator
    yield from _object(("estimator",), estimator.type, estimator.parameters, folder)
    mask = estimator.categorical_parameter
    if mask is not None and "__" not in mask:
        taken = _taken(estimator.type, folder)
        if taken is not None and mask not in taken:
            where = ("estimator", "categorical_parameter")
            yield where, f"be a parameter of {estimator.type}", mask, _instead(mask, taken)


def _object(
    location: tuple[str | int, ...], path: str, parameters: Mapping[str, Any], folder: Path
) -> Iterator[BrokenRule]:
    try:
        taken: frozenset[str] | None = signatures.parameters(path, folder)
    except MissingError as error:
        close = difflib.get_close_matches(path.rpartition(".")[2], error.known, n=1)
        remedy = f"Did you mean {close[0]}?" if close else "Correct the import path."
        yield (*location, "type"), f"be a class of {path.rpartition('.')[0]}", path, remedy
        return
    except UnknownError:
        taken = None
    for name, value in parameters.items():
        here = (*location, "parameters", name)
        if taken is not None and name not in taken:
            yield here, f"be a parameter of {path}", name, _instead(name, taken)
        yield from _inner(here, value, folder)


def _inner(location: tuple[str | int, ...], value: Any, folder: Path) -> Iterator[BrokenRule]:
    """Look at the objects that a parameter describes; see training.estimators."""
    if isinstance(value, Mapping):
        path = value.get("type")
        if isinstance(path, str) and _PATH.fullmatch(path) and set(value) <= {"type", "parameters"}:
            yield from _object(location, path, value.get("parameters") or {}, folder)
        else:
            for key, inner in value.items():
                yield from _inner((*location, key), inner, folder)
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _inner((*location, at), inner, folder)


def _taken(path: str, folder: Path) -> frozenset[str] | None:
    try:
        return signatures.parameters(path, folder)
    except (MissingError, UnknownError):
        return None


def _instead(name: str, taken: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, taken, n=1)
    return f"Did you mean {close[0]}?" if close else f"It takes {', '.join(sorted(taken)) or 'none'}."
