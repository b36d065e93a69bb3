"""Every field of workload and settings, one by one: `make edits` runs this file, `make test` takes them in batches.

It prints a line a field, and at the end how many were made in place, beside what was there, or refused. A field whose
edit cannot be deployed does not end it: the others are tried too, from the reference on, and all that failed is told.
The policy pack is left out, which `make test` has judge the same edits.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from status.environment import Environment
from tests import edits
from tests.edits import Edit
from tests.sandbox.changes import Caller, Copy, another
from tests.sandbox.conftest import Released
from tests.sandbox.test_edits import COMINGS, REFUSED, copy, deploy, question, refused, usual

__all__ = ["copy", "question"]  # the fixtures


GOINGS = COMINGS - {"workloads (more)"}
"""What would take the released workload away."""
Both = tuple[dict[str, Any], dict[str, Any]]
WAYS = ("in place", "side by side", "refused with reason", "came and went", "stuck")


def test_each_field_is_edited_by_itself_and_the_released_model_answers_throughout(
    copy: Copy,
    environment: Environment,
    released: Released,
    question: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given, settings = edits.workload_document(), edits.settings_document()
    asked: list[tuple[Edit, Both]] = [(edit, (edit.apply(given), settings)) for edit in usual(edits.workload_edits())]
    asked += [(edit, (given, edit.apply(settings))) for edit in edits.settings_edits() if edit.field not in GOINGS]
    another(copy.place.root, "other")
    copy.pack = False
    done: dict[str, list[str]] = {way: [] for way in WAYS}
    problems: list[str] = []
    with Caller(environment.own.endpoint_name, environment.outputs.region, question) as caller, capsys.disabled():
        print()
        for edit, both in asked:
            began, heard = time.monotonic(), caller.answers
            try:
                what = one(copy, edit, both)
            except AssertionError as error:
                what = "stuck"
                problems.append(f"{edit.field}: {error}")
                back(copy)
            done[what].append(edit.field)
            took, answers = time.monotonic() - began, caller.answers - heard
            print(f"{what:<20} {took:5.1f} s  {answers:3d} answers  {edit.field:<32} {edit}", flush=True)
        counts = ", ".join(f"{len(fields)} {what}" for what, fields in done.items())
        print(f"edits: {len(asked)} fields, {counts}")
        print(f"meanwhile: {caller.answers} answers, {len(caller.failures)} failures")
    assert problems == []
    assert caller.failures == []
    assert set(done["refused with reason"]) == REFUSED.keys()
    assert done["side by side"]
    assert done["came and went"] == ["workloads (more)"]


def one(copy: Copy, edit: Edit, both: Both) -> str:
    """Make one edit from the reference on, and say what became of it."""
    if edit.field in REFUSED:
        copy.write()
        refused(copy, edit.field)
        return "refused with reason"
    beside = deploy(copy, *both)
    if edit.field == "workloads (more)":
        back(copy)
        return "came and went"
    if not beside:
        return "in place"
    back(copy)  # an edit too, which the next field's must not be taken for
    return "side by side"


def back(copy: Copy) -> None:
    """Deploy the reference again; without that no further field can be tried."""
    copy.write()
    done = copy.up()
    if not done.succeeded:
        pytest.fail(f"the way back is stuck too:\n{done.text}")
