"""The types of the SDK that our code names are read by mypy: what it skips, it would take for anything at all."""

from __future__ import annotations

import ast
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pulumi_aws

ROOT = Path(__file__).parents[1]
_SDK = "pulumi_aws"
_EVERYWHERE = {_SDK, f"{_SDK}._inputs", f"{_SDK}._utilities", f"{_SDK}.outputs"}


def named() -> set[str]:
    """Return the patterns of the SDK's modules that our code names."""
    names = set()
    for path in ROOT.glob("[!.]*/**/*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        imports = {
            one.asname or one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "aws":
                names |= {node.attr} if "aws" in imports else set()
            elif isinstance(node, ast.ImportFrom) and node.module == _SDK:
                names |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{_SDK}."):
                names.add(str(node.module).split(".")[1])
    return {_pattern(name) for name in names}


def _pattern(name: str) -> str:
    found = find_spec(f"{_SDK}.{name}")
    if found is not None and found.submodule_search_locations:
        return f"{_SDK}.{name}.*"
    return f"{_SDK}.{name}" if found is not None else str(getattr(pulumi_aws, name).__module__)


def test_each_module_of_the_sdk_that_is_named_is_read_and_no_other() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["overrides"]
    (read,) = (set(one["module"]) for one in settings if one.get("follow_imports") == "normal")
    assert read == named() | _EVERYWHERE
