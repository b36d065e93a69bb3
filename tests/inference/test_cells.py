"""CSV cell by cell, and what is said of a separator that is none and of a name that is too long."""

from __future__ import annotations

from typing import Any

import pytest

from inference.contract import validate
from inference.csv_rows import read_rows
from workloads.fields import Feature
from workloads.problems import ProblemsError
from workloads.spec import Workload


@pytest.fixture
def two(workload: Workload) -> Workload:
    """A workload of a switch and a number."""
    features = {
        name: Feature.model_validate({"source": "request", "description": "It.", "type": kind, "nullable": True})
        for name, kind in (("on", "boolean"), ("size", "number"))
    }
    return workload.model_copy(update={"features": features})


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("true", True),
        ("TRUE", True),
        ("1", True),
        ("false", False),
        ("False", False),
        ("0", False),
        ("", None),
        ("2", "2"),
    ],
)
def test_a_switch_is_written_in_four_ways(two: Workload, cell: str, value: Any) -> None:
    assert read_rows(two, f"{cell},1.5\n") == [{"on": value, "size": 1.5}]


@pytest.mark.parametrize(("line", "hint"), [("true;1", True), ("true\t1", True), ("true|1", True), ("true", False)])
def test_another_separator_is_recognised(two: Workload, line: str, hint: bool) -> None:
    with pytest.raises(ProblemsError) as refused:
        read_rows(two, line)
    assert ("separated by commas" in refused.value.problems[0].as_dict()["remedy"]) is hint


def test_eighty_characters_of_an_unknown_name_are_repeated(two: Workload) -> None:
    with pytest.raises(ProblemsError) as refused:
        validate(two, [{"n" * 100: 1}])
    assert refused.value.problems[0].as_dict()["field"] == f"instances[0].{'n' * 80}"
