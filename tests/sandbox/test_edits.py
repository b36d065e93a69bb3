"""Every field of workload and settings is edited on a deployed environment, while a released model answers.

Here they are edited a few batches at a time; `make edits` takes them one by one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from demo.story import Chapter
from stacks.settings import Settings
from status.environment import Environment
from tests import edits
from tests.edits import Edit
from tests.sandbox import place as places
from tests.sandbox.changes import Caller, Copy, arrived
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place
from workloads.spec import Workload

REFUSED = {
    "environment": "List the accounts that this environment may touch",
    "region": "give back `headrace:region: us-east-1`",
    "allowed_account_ids": "List the accounts that this environment may touch",
}
"""What is another environment, or another account, is never an edit of one that is deployed; with the remedy."""

COMINGS = {"name", "workloads (more)", "workloads (fewer)", "workloads.*.file"}
"""What lets a workload come or go: tests/sandbox/test_workloads.py."""


@pytest.fixture(scope="module")
def copy(
    place: Place, environment: Environment, released: Released, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copy]:
    """A copy of the repository; at the end the environment is again what the repository says."""
    root = places.copy_of_the_repository(tmp_path_factory.mktemp("copy"))
    yield Copy(replace(place, root=root), pack=True)
    for _ in range(2):  # feature groups that nothing names any more go with the update after
        back = Copy(place).up()
        assert back.succeeded, back.text


@pytest.fixture(scope="module")
def question(released: Released, chapter: Chapter) -> bytes:
    """A question as the released model takes it."""
    return json.dumps({"instances": [chapter.questions(1)[0].instance]}).encode()


def deploy(copy: Copy, workload: dict[str, Any], settings: dict[str, Any]) -> set[str]:
    """Write and deploy, and look whether it arrived; return the feature groups that others were made beside."""
    copy.write(workload, settings)
    done = copy.up()
    assert done.succeeded, done.text
    assert done.changed
    known = Workload.model_validate(workload)
    values = {key: value for key, value in settings.items() if key != "environment"}
    arrived(copy.place.environment(), known, copy.workload_file.read_text(), Settings.from_mapping("local", values))
    return done.beside


def test_another_environment_is_refused_before_anything_changes(copy: Copy) -> None:
    before = copy.state()
    for field in sorted(REFUSED):
        said = refused(copy, field)
        assert REFUSED[field] in said, said
        assert "Traceback" not in said, said
        assert copy.state() == before, field
    copy.write()
    again = copy.up()
    assert again.succeeded, again.text
    assert not again.changed, again.text


def test_every_field_is_edited_and_the_released_model_answers_throughout(
    copy: Copy, environment: Environment, released: Released, question: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    given, settings = edits.workload_document(), edits.settings_document()
    fields, options = edits.workload_edits(), edits.settings_edits()
    parts = edits.batches(usual(fields), given, edits.workload_problem)
    chosen = edits.batches(usual(options), settings, edits.settings_problem)
    made = sum(map(len, (*parts, *chosen)))
    elsewhere = [edit for edit in fields if edit.of_another_label]
    assert made + len(REFUSED) + len(COMINGS) + len(elsewhere) == len(fields) + len(options)
    beside: set[str] = set()
    with Caller(environment.own.endpoint_name, environment.outputs.region, question) as caller:
        for part, options_of in itertools.zip_longest(parts, chosen, fillvalue=()):
            beside |= deploy(copy, edits.together(part, given), edits.together(options_of, settings))
        copy.nothing_to_change()
    with capsys.disabled():
        print(
            f"\nedits: {len(fields) + len(options)} fields, {made} made in "
            f"{max(len(parts), len(chosen))} batches, {len(beside)} feature groups beside an old one, "
            f"{len(REFUSED)} refused; {caller.answers} answers meanwhile, {len(caller.failures)} failures"
        )
    assert caller.failures == []
    assert caller.answers > 50
    assert {model[:19] for model in caller.models} == {released.package.metadata["model_digest"][:19]}
    assert beside, "an edit that AWS cannot make in place was among them"


def usual(found: Sequence[Edit]) -> list[Edit]:
    """Return the edits that are made of what is deployed."""
    return [edit for edit in found if not edit.refused and edit.field not in {*REFUSED, *COMINGS}]


def refused(copy: Copy, field: str) -> str:
    """Deploy with one field edited; return what was said."""
    (edit,) = (found for found in [*edits.workload_edits(), *edits.settings_edits()] if found.field == field)
    if field == "environment":
        return renamed(copy)
    copy.write(settings=edit.apply(edits.settings_document()))
    done = copy.up()
    assert not done.succeeded, done.text
    return done.text


def renamed(copy: Copy) -> str:
    """Give the stack another name, as if it were another environment, and take it back."""
    copy.place.pulumi("stack", "rename", "other", "--stack", "local")
    try:
        done = copy.up("other")
        assert not done.succeeded, done.text
        return done.text
    finally:
        copy.place.pulumi("stack", "rename", "local", "--stack", "other")
