"""Empty pages: a list begins with a page that holds nothing and a token that leads to the rest."""

from __future__ import annotations

import base64
import json
from typing import Any

from sandbox.cloud.actions import Params

_TOKENS = ("NextToken", "nextToken")
_LISTS = ("List", "Search", "Scan", "GetParametersByPath", "GetResources", "DescribeLog")
_MARK = "empty-page:"


def member(operation: Any) -> str | None:
    """Return the name of an action's page token, None where there is none."""
    given, answered = operation.input_shape, operation.output_shape
    if given is None or answered is None or not operation.name.startswith(_LISTS):
        return None
    if operation.name.startswith("ListTags"):
        return None  # at most 50, which come at once; the provider looks at no second page
    for name in _TOKENS:
        if name in given.members and name in answered.members:
            return name
    return None


def emptied(operation: Any, token: str, output: Params, params: Params) -> Params:
    """Return a page like the one given but without rows, whose token leads to that one."""
    shape = operation.output_shape
    kept = {name: [] if shape.members[name].type_name == "list" else value for name, value in output.items()}
    before = json.dumps(params.get(token))
    return {**kept, token: base64.urlsafe_b64encode(f"{_MARK}{before}".encode()).decode()}


def following(token: str, params: Params) -> Params | None:
    """Return the parameters that an empty page's token stands for, or None if the token is not one of ours."""
    try:
        text = base64.urlsafe_b64decode(str(params.get(token, ""))).decode()
    except ValueError:
        return None
    if not text.startswith(_MARK):
        return None
    before = json.loads(text.removeprefix(_MARK))
    rest = {name: value for name, value in params.items() if name != token}
    return rest if before is None else {**rest, token: before}
