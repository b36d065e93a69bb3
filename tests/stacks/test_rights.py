"""Who may do what, as a text that a reviewer reads: every statement of every policy of an environment.

Write it anew with: `python -m tests.stacks.test_rights`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import iam
from tests.components.recording import Recording
from tests.stacks import environments
from workloads import spec

SNAPSHOT = Path(__file__).with_name("rights.txt")


def written(recording: Recording) -> str:
    """Return every policy, one paragraph each, in the order of their names."""
    paragraphs = [
        "\n".join(
            [f"{document.name} ({document.kind})", *(line for one in document.statements for line in _lines(one))]
        )
        for document in sorted(iam.documents(recording), key=lambda found: (found.name, found.kind))
    ]
    return "\n\n".join(paragraphs) + "\n"


def _lines(statement: dict[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    who = "" if principal is None else " to " + ", ".join(f"{kind} {name}" for kind, name in principal.items())
    yield f"  {statement['Effect']} {', '.join(iam.several(statement['Action']))}{who}"
    yield from (f"    on {resource}" for resource in iam.several(statement.get("Resource", [])))
    for operator, tests in statement.get("Condition", {}).items():
        for key, wanted in tests.items():
            yield f"    if {operator} {key} {', '.join(iam.several(wanted))}"


def test_rights_are_as_reviewed() -> None:
    assert written(environments.of("local")).splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_environments_differ_in_names_and_in_who_approves_alone(name: str) -> None:
    def paragraphs(environment: str) -> set[str]:
        text = written(environments.of(environment)).replace(f"headrace-{environment}", "headrace-local")
        return set(text.replace(f"/headrace/{environment}/", "/headrace/local/").rstrip("\n").split("\n\n"))

    local, other = paragraphs("local"), paragraphs(name)
    assert other <= local
    automatic = any(found.name == "flights-approver" for found in environments.of(name).registrations)
    missing = {paragraph.split()[0] for paragraph in local - other}
    assert all(one.startswith("flights-approver-") for one in missing)
    assert bool(missing) is not automatic


def test_every_workload_has_the_flights_rights_over_its_own() -> None:
    """All but prepare's, which name its sources and entities."""
    names = ("flights", "delays", "penguins")
    together = environments.together("local", *(spec.named(name) for name in names))
    text = written(environments.registered(together)[0]).rstrip("\n").split("\n\n")
    rights = {
        name: {
            re.sub(rf"\b{name}\b", "flights", paragraph)
            for paragraph in text
            if paragraph.startswith(f"{name}-") and not paragraph.startswith(f"{name}-features-job-policy")
        }
        for name in names
    }
    assert rights["delays"] == rights["penguins"] == rights["flights"]
    assert len(rights["flights"]) > 20


if __name__ == "__main__":
    SNAPSHOT.write_text(written(environments.of("local")), encoding="utf-8")
