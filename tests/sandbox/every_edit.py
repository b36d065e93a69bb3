"""Every field of workload and settings, one by one: `make edits` runs this file, `make test` takes them in batches.

It prints a line a field, and at the end how many were made in place, beside what was there, or refused.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from demo.environment import Environment
from tests import edits
from tests.edits import Edit
from tests.sandbox.changes import Caller, Copy
from tests.sandbox.conftest import Released
from tests.sandbox.test_edits import REFUSED, copy, deploy, question, refused, settle

__all__ = ["copy", "question"]  # the fixtures


Both = tuple[dict[str, Any], dict[str, Any]]


def test_each_field_is_edited_by_itself_and_the_released_model_answers_throughout(
    copy: Copy,
    environment: Environment,
    released: Released,
    question: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given, settings = edits.workload_document(), edits.settings_document()
    asked: list[tuple[Edit, Both]] = [(edit, (edit.apply(given), settings)) for edit in edits.workload_edits()]
    asked += [(edit, (given, edit.apply(settings))) for edit in edits.settings_edits()]
    copy.write()
    settle(copy)
    done: dict[str, list[str]] = {"in place": [], "side by side": [], "refused with reason": []}
    with Caller(environment["endpoint_name"], environment["region"], question) as caller, capsys.disabled():
        for edit, both in asked:
            began = time.monotonic()
            what = one(copy, edit, both)
            done[what].append(edit.field)
            print(f"{what:<20} {time.monotonic() - began:5.1f} s  {edit.field:<32} {edit}", flush=True)
        counts = ", ".join(f"{len(fields)} {what}" for what, fields in done.items())
        print(f"edits: {len(asked)} fields, {counts}")
        print(f"meanwhile: {caller.answers} answers, {len(caller.failures)} failures")
    assert caller.failures == []
    assert set(done["refused with reason"]) == REFUSED.keys()
    assert done["side by side"]


def one(copy: Copy, edit: Edit, both: Both) -> str:
    """Make one edit from the reference on, and say what became of it."""
    if edit.field in REFUSED:
        copy.write()
        refused(copy, edit.field)
        return "refused with reason"
    if not deploy(copy, *both):
        return "in place"
    copy.write()  # going back is an edit too, which the next field's must not be taken for
    assert copy.up().succeeded
    return "side by side"
