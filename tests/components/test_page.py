"""docs/components.md against the components: each one, from where it is imported, and what it hands out."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pulumi

import components

PAGE = (Path(__file__).parents[2] / "docs" / "components.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]*) ?\|$", re.MULTILINE)
HANDS_OUT = re.compile(r"[a-z]\w*_statements|failures|metric|events_of")


def shown() -> dict[str, type[pulumi.ComponentResource]]:
    """Return each component by what it is imported from: its folder, where that shows it, else its file."""
    found = {}
    for module in pkgutil.walk_packages(components.__path__, "components."):
        for name, made in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(made, pulumi.ComponentResource) and made.__module__ == module.name:
                folder = importlib.import_module(module.name.rpartition(".")[0])
                place = folder if hasattr(folder, name) else importlib.import_module(module.name)
                found[f"{place.__name__.removeprefix('components.')}.{name}"] = made
    return found


def test_every_component_is_on_the_page_with_all_that_it_hands_out() -> None:
    told = {name: set(re.findall(r"`(\w+)`", methods)) for name, methods in ROW.findall(PAGE)}
    assert told == {
        name: {member for member in vars(made) if HANDS_OUT.fullmatch(member)} for name, made in shown().items()
    }


def test_arguments_are_imported_from_where_their_component_is() -> None:
    for name, made in shown().items():
        place, _, noun = name.rpartition(".")
        arguments = inspect.signature(made.__init__).parameters["args"].annotation
        assert arguments == f"{noun}Args"
        assert hasattr(importlib.import_module(f"components.{place}"), arguments), name
