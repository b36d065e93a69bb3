"""The page of actions, written from what is registered: `python -m sandbox.cloud.page` writes it anew."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from botocore.session import Session

from sandbox.cloud import actions
from sandbox.cloud.control.iam import resources
from sandbox.cloud.moto import served
from sandbox.cloud.server import registry

FILE = Path(__file__).parents[2] / "docs" / "local-cloud-actions.md"
_WIDTH = 120
_BY_HAND = ("s3", "s3control")  # whose requests moto tells apart by hand, so that its functions do not name them


def text() -> str:
    """Return the page's content."""
    registry.discover()
    ours = actions.registered()
    known = {name for name in Session().get_available_services() if resources.known(name)}
    services = sorted({service for service, _ in ours} | known)
    return "\n".join(
        [
            "# Actions of the local cloud",
            "This page is written from the code by `python -m sandbox.cloud.page`, for each service of which the local",
            "cloud takes an action over or knows which resources a call needs a right on.",
            "",
            "- **Here**: a function of `sandbox/cloud` answers.",
            "- **Here, over moto**: a function of `sandbox/cloud` checks, changes or adds to what moto answers.",
            "- **Refused**: by name, because moto would take it for another action.",
            "- **moto**: moto has a function of that name, and answers as it does.",
            "",
            "Of other services, and where it says so, moto answers what it has. What nobody has is an error 501 that",
            "names the action; [local-cloud.md](local-cloud.md#add-an-action-to-the-local-cloud) says how it is added.",
            *(line for service in services for line in _section(service, ours)),
            "",
        ]
    )


def _section(service: str, ours: actions.Handlers) -> Iterator[str]:
    here = {action: handler for (of, action), handler in ours.items() if of == service}
    over = {action for action, handler in here.items() if "forward" in names_of(handler)}
    refused = {action for action, handler in here.items() if refuses(handler)}
    yield from ("", f"## {service}")
    rights = "on the resources that a call names" if resources.known(service) else "on `*`"
    yield from _item("Rights", [f"{rights}."])
    yield from _item("Here", _quoted(here.keys() - over - refused))
    yield from _item("Here, over moto", _quoted(over))
    yield from _item("Refused", _quoted(refused))
    yield from _item(
        "moto", ["the others that it has."] if service in _BY_HAND else _quoted(served.actions(service) - {*here})
    )


def _item(title: str, words: list[str]) -> Iterator[str]:
    if words:
        said = f"- **{title}**: {', '.join(words)}"
        yield from textwrap.wrap(said, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _quoted(names: Iterable[str]) -> list[str]:
    return [f"`{name}`" for name in sorted(names)]


def refuses(handler: Any) -> bool:
    """Tell whether a function says that nobody has the action."""
    known: dict[str, Any] = getattr(handler, "__func__", handler).__globals__
    return inspect.isfunction(known.get("missing")) and "missing" in names_of(handler)


def names_of(handler: Any) -> set[str]:
    """Return what a function, and those of its own module that it calls, use by name: ``forward`` asks moto."""
    function: FunctionType = getattr(handler, "__func__", handler)
    seen: set[str] = set()
    names = set(_names(function.__code__))
    while new := names - seen:
        seen |= new
        called = [found for name in new if inspect.isfunction(found := function.__globals__.get(name))]
        names |= {name for one in called if one.__module__ == function.__module__ for name in _names(one.__code__)}
    return names


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
