"""The limits that botocore's models declare and botocore does not hold: lengths, patterns, enumerations, ranges."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.moto.protocols import OperationModel

_SHOWN = 200


def hold(operation: OperationModel, params: Params) -> None:
    """Refuse parameters outside of the model's limits, all problems at once and in AWS's words.

    Raises
    ------
    AwsError
        ValidationException.
    """
    if operation.input_shape is None:
        return
    problems = list(_problems(operation.input_shape, params, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise AwsError("ValidationException", f"{count}: {'; '.join(problems)}")


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield _said(None, _joined(path, name), "Member must not be null")
        for name, part in value.items():
            if name in shape.members and part is not None:
                yield from _problems(shape.members[name], part, _joined(path, name))
    elif kind == "list":
        yield from _sized(shape, value, path)
        for index, part in enumerate(value):
            yield from _problems(shape.member, part, f"{path}.{index + 1}.member")
    elif kind == "map":
        yield from _sized(shape, value, path)
        for key, part in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, part, f"{path}.{key}.value")
    elif kind == "string":
        yield from _sized(shape, value, path)
        yield from _written(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _ranged(shape, value, path)


def _joined(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _said(value: Any, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{str(value)[:_SHOWN]}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"


def _sized(shape: Any, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _said(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _said(value, path, f"Member must have length less than or equal to {most}")


def _ranged(shape: Any, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _said(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _said(value, path, f"Member must have value less than or equal to {most}")


def _written(shape: Any, value: str, path: str) -> Iterator[str]:
    pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _said(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    compiled = _compiled(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        yield _said(value, path, f"Member must satisfy regular expression pattern: {pattern}")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a pattern that was written for Java; one that Python cannot read is left unchecked."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
