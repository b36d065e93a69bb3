"""Definitions are filled in by name: whole values with their type, others as text, and nothing missing or left over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.asl import SubstitutionError, render, render_output
from tests.components.recording import record

DEFINITION = {
    "StartAt": "One",
    "States": {
        "One": {"Tags": "${Tags}", "Looks": "${Looks}", "Uri": "s3://${Bucket}/${Looks}", "List": ["${Bucket}", 1]}
    },
}
VALUES: dict[str, Any] = {"Tags": [{"Key": "a"}], "Looks": 3, "Bucket": "b"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A definition in a file."""
    path = tmp_path / "some.asl.json"
    path.write_text(json.dumps(DEFINITION), encoding="utf-8")
    return path


def test_a_whole_value_keeps_its_type_and_a_part_is_text(file: Path) -> None:
    (one,) = json.loads(render(file, VALUES))["States"].values()
    assert one == {"Tags": [{"Key": "a"}], "Looks": 3, "Uri": "s3://b/3", "List": ["b", 1]}


def test_names_without_a_value_and_values_without_a_name_are_told_at_once(file: Path) -> None:
    with pytest.raises(SubstitutionError, match=r"some\.asl\.json cannot be filled in") as told:
        render(file, {"Tags": [], "Bucket": "b", "Bukcet": "b"})
    first, second = str(told.value).splitlines()[1:]
    assert first.startswith("  - `Looks` must have a value")
    assert second.startswith("  - `Bukcet` must be used")


def test_outputs_are_put_in_when_they_are_known(file: Path) -> None:
    made: list[str] = []

    def program() -> None:
        render_output(file, {**VALUES, "Bucket": pulumi.Output.from_input("later")}).apply(made.append)

    record(program)
    assert made == [render(file, {**VALUES, "Bucket": "later"})]


def test_a_missing_value_is_told_before_anything_is_known(file: Path) -> None:
    """An output that is never known would hide it."""
    with pytest.raises(SubstitutionError, match="`Looks` must have a value"):
        record(lambda: render_output(file, {"Tags": [], "Bucket": "b"}))
