"""The page of settings, written from the settings themselves: `python -m stacks.page` writes docs/settings.md."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from stacks.choices import CHOICES, Choices, Rule, WorkloadEntry
from stacks.settings import NAMESPACE, Settings

FILE = Path(__file__).parents[1] / "docs" / "settings.md"
_ATTRIBUTE = re.compile(r"^([a-z_, ]+?)(?: : .*)?\n((?:    .*\n?)+)", re.MULTILINE)


def text() -> str:
    """Return the page's content."""
    own = [name for name in Settings.model_fields if name not in ("environment", *CHOICES)]
    return "\n".join(
        [
            "# Settings",
            "`Pulumi.<stack>.yaml` holds everything that differs between environments; the stack's name is theirs.",
            "Whatever breaks a rule is told at once, before anything is created, with the rule and the remedy. This",
            "page is written from `stacks/settings.py` by `python -m stacks.page`.",
            "",
            "## Of an environment",
            *_table(Settings, own, f"{NAMESPACE}:"),
            "",
            "## Of a workload",
            f"Each stands as `{NAMESPACE}:<name>` for all workloads of the environment, or in the entry of one:",
            "",
            "```yaml",
            f"{NAMESPACE}:workloads:",
            "  - workloads/flights/workload.yaml",
            "  - file: workloads/penguins/workload.yaml",
            "    approval: manual",
            "```",
            "",
            *_table(WorkloadEntry, ["file", *CHOICES], ""),
            "",
        ]
    )


def _table(model: type[BaseModel], names: list[str], start: str) -> Iterator[str]:
    yield "| setting | what | must be | unless given |"
    yield "|---|---|---|---|"
    told = {**_attributes(Choices), **_attributes(model)}
    for name in names:
        field = model.model_fields[name]
        rule = next(entry for entry in field.metadata if isinstance(entry, Rule))
        default = "has to be given" if field.is_required() else f"`{_written(field.default)}`"
        yield f"| `{start}{name}` | {told[name]} | {rule.must_be} | {default} |"


def _written(default: object) -> str:
    """Write a default as YAML has it."""
    if isinstance(default, bool):
        return str(default).lower()
    return "[]" if default == () else str(default)


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Return what a class says of each of its attributes."""
    section = (inspect.getdoc(model) or "").partition("Attributes\n----------\n")[2]
    return {
        name.strip(): " ".join(said.split()).replace("``", "`")
        for names, said in _ATTRIBUTE.findall(section)
        for name in names.split(",")
    }


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
