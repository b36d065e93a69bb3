"""State machine definitions as AWS's editor shows them, with named values put in when a stack is planned."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

_NAME = re.compile(r"\$\{(\w+)\}")


class SubstitutionError(ValueError):
    """A definition and the values for it do not fit together."""


def render(path: Path, values: Mapping[str, Any]) -> str:
    """Return the definition in `path` with every ``${Name}`` replaced.

    Parameters
    ----------
    path : Path
        An ``.asl.json`` file.
    values : mapping of str to Any
        A string that is nothing but ``"${Name}"`` becomes the value, whatever its type; inside a longer string the
        value is written as text.

    Raises
    ------
    SubstitutionError
        If a name in the file has no value, or a value is used nowhere.
    """
    content = path.read_text(encoding="utf-8")
    wanted = set(_NAME.findall(content))
    problems = [
        f"`{name}` must have a value, got none. Give it where the definition is loaded."
        for name in sorted(wanted - values.keys())
    ] + [
        f"`{name}` must be used, and the definition nowhere says ${{{name}}}. Remove the value or the typing error."
        for name in sorted(values.keys() - wanted)
    ]
    if problems:
        raise SubstitutionError("\n".join([f"{path.name} cannot be filled in:", *(f"  - {line}" for line in problems)]))
    return json.dumps(_put_in(json.loads(content), values), indent=1)


def render_output(path: Path, values: Mapping[str, Any]) -> pulumi.Output[str]:
    """`render` with values that may be Pulumi outputs; missing and unused names are reported at once."""
    render(path, dict.fromkeys(values, ""))
    return pulumi.Output.from_input(dict(values)).apply(lambda known: render(path, known))


def _put_in(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: _put_in(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_put_in(value, values) for value in node]
    if not isinstance(node, str):
        return node
    whole = _NAME.fullmatch(node)
    return values[whole[1]] if whole else _NAME.sub(lambda found: str(values[found[1]]), node)
