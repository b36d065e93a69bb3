"""What the pulumi_aws package expects of its plug-in, read from its classes in the form of the bridge's `-names`."""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import types
import typing
import warnings
from typing import Any

import pulumi
from pulumi._types import input_type_py_to_pulumi_names, resource_types

Properties = dict[str, dict[str, Any]]


def resource_class(token: str) -> type:
    """Return the class whose resources have a token such as ``aws:s3/bucket:Bucket``."""
    return _named(token, "")


def token(expected: str) -> str:
    """Return the token that a class really sends, which is in its generated source alone."""
    source = inspect.getsource(resource_class(expected))
    return source.split("super(", 1)[1].split("'", 2)[1]


def inputs(token: str) -> Properties:
    """Return the input properties of a resource type, by their Pulumi names, nested ones included."""
    return _of(_named(token, "InitArgs", "Args"))


def provider_inputs() -> Properties:
    """Return the settings of ``pulumi_aws.Provider``."""
    return _of(importlib.import_module("pulumi_aws.provider").ProviderArgs)


def outputs(token: str) -> set[str]:
    """Return the names of the properties that a program can read from a resource."""
    return set(resource_types(resource_class(token)))


def _named(token: str, *endings: str) -> type:
    """Return the first class of a type's module that has the type's name with one of some endings."""
    area, name = token.split(":")[1].partition("/")[0], token.rsplit(":", 1)[1]
    with warnings.catch_warnings():
        # The package loads its modules when a name is asked for, and warns then of names that nobody here uses.
        warnings.simplefilter("ignore", DeprecationWarning)
        module = importlib.import_module(f"pulumi_aws.{area}")
        found = [getattr(module, name + ending) for ending in endings if hasattr(module, name + ending)]
    return typing.cast(type, found[0])


def _of(arguments: type) -> Properties:
    names = input_type_py_to_pulumi_names(arguments)
    scope = vars(importlib.import_module(arguments.__module__))
    init = vars(arguments)["__init__"]
    optional = init.__kwdefaults__ or {}
    found: Properties = {}
    for python_name, pulumi_name in names.items():
        shape, nested = _shape(init.__annotations__[python_name], scope)
        found[pulumi_name] = {"shape": shape, "required": python_name not in optional}
        if nested is not None:
            found[pulumi_name]["properties"] = _of(nested)
    return found


def _shape(hint: Any, scope: dict[str, Any]) -> tuple[str, type | None]:
    """Return value, object, list or map, and the class of the objects there."""
    hint = _plain(hint, scope)
    origin = typing.get_origin(hint)
    if origin is collections.abc.Sequence:
        return "list", _shape(typing.get_args(hint)[0], scope)[1]
    if origin is collections.abc.Mapping:
        return "map", _shape(typing.get_args(hint)[1], scope)[1]
    if isinstance(hint, type) and hint.__name__.endswith("Args"):
        return "object", hint
    return "value", None


def _plain(hint: Any, scope: dict[str, Any]) -> Any:
    """Take off what wraps a type: Input (a union with awaitables and outputs), Optional, a forward reference."""
    while True:
        if isinstance(hint, typing.ForwardRef):
            hint = scope[hint.__forward_arg__]
        origin = typing.get_origin(hint)
        if origin not in (typing.Union, types.UnionType):
            return hint
        plain = [one for one in typing.get_args(hint) if not _wraps(one)]
        hint = plain[0]


def _wraps(hint: Any) -> bool:
    if isinstance(hint, typing.ForwardRef):
        return hint.__forward_arg__.startswith("Output[")
    return hint is type(None) or typing.get_origin(hint) in (collections.abc.Awaitable, pulumi.Output)
