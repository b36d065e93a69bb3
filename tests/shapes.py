"""Requests held against botocore's models of AWS: members that exist, required ones that are there, values that fit."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

_PYTHON: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "blob": (bytes, str),
    "timestamp": object,
}

Known = Callable[[Any], bool]
"""Says whether a value is what will be sent, or something that is only known later."""


@functools.cache
def service(name: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return _session().get_service_model(name)


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def operation(service_name: str, name: str) -> OperationModel | None:
    """Return an operation by AWS's name of it, in any case of its first letter; None if there is none."""
    wanted = name[:1].upper() + name[1:]
    model = service(service_name)
    return model.operation_model(wanted) if wanted in model.operation_names else None


def problems(
    shape: Shape | None, value: Any, known: Known = lambda _: True, where: str = "", given_later: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield why AWS would refuse a value.

    Parameters
    ----------
    shape : Shape
        What the model says; None where an operation takes nothing.
    value : Any
        What is sent. What is not `known` is not looked at.
    where : str
        The value's place, for the message.
    given_later : tuple of str
        Required members of the outermost structure that somebody else adds.
    """
    if not known(value):
        return
    if shape is None:
        if value:
            yield f"takes no parameters, and is given {', '.join(value)}"
    elif isinstance(shape, StructureShape):
        yield from _in_structure(shape, value, known, where, given_later)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list | tuple):
            yield f"{where} must be a list, got {value!r}"
        else:
            for number, one in enumerate(value):
                yield from problems(shape.member, one, known, f"{where}[{number}]")
    elif isinstance(shape, MapShape):
        for key, one in value.items():
            yield from problems(shape.value, one, known, f"{where}.{key}")
    else:
        yield from _in_scalar(shape, value, where)


def _in_structure(
    shape: StructureShape, value: Any, known: Known, where: str, given_later: tuple[str, ...]
) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, Mapping):
        yield f"{where} must be a structure, got {value!r}"
        return
    inside = f"{where}." if where else ""
    for name in value:
        if name not in shape.members:
            yield f"{inside}{name} is no member of {shape.name}"
    for name in shape.required_members:
        if name not in value and name not in given_later:
            yield f"{inside}{name} is required, and is not given"
    for name, one in value.items():
        if name in shape.members:
            yield from problems(shape.members[name], one, known, f"{inside}{name}")


def _in_scalar(shape: Shape, value: Any, where: str) -> Iterator[str]:
    wanted = _PYTHON[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool and wanted is not object):
        yield f"{where} must be of type {shape.type_name}, got {value!r}"
        return
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield f"{where} must be one of {', '.join(allowed)}, got {value!r}"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    size = len(value) if isinstance(value, str | bytes) else value
    if isinstance(size, int | float) and not isinstance(value, bool):
        if least is not None and size < least:
            yield f"{where} must be at least {least} (characters), got {value!r}"
        if most is not None and size > most:
            yield f"{where} must be at most {most} (characters), got {value!r}"


def member(shape: Shape | None, path: list[str]) -> bool:
    """Say whether a path of names leads somewhere in a shape."""
    if not path:
        return True
    if isinstance(shape, MapShape):
        return member(shape.value, path[1:])
    if isinstance(shape, ListShape):
        return member(shape.member, path)
    return isinstance(shape, StructureShape) and path[0] in shape.members and member(shape.members[path[0]], path[1:])
