"""Bodies of requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference import formats
from inference.formats import CSV, JSON, UnsupportedTypeError
from workloads.problems import ProblemsError
from workloads.spec import Workload


@pytest.fixture
def line(workload: Workload, instance: dict[str, Any]) -> str:
    return ",".join(str(instance.get(name, "")) for name in workload.features)


def test_json_and_csv_of_the_same_instance_give_the_same_row(
    workload: Workload, instance: dict[str, Any], line: str
) -> None:
    body = json.dumps({"instances": [instance]}).encode()
    assert formats.read(workload, body, JSON) == formats.read(workload, f"{line}\r\n".encode(), CSV)


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"{", "body", "must be JSON"),
        (b"\xff", "body", "must be UTF-8 text"),
        (b"[]", "instances", "must be a list of at least one object"),
        (b'{"instances": []}', "instances", "must be a list of at least one object"),
        (b'{"instances": [{"distance": NaN}]}', "body", "must be JSON"),
        (b'{"instances": [{}], "parameters": 1}', "parameters", "must be a known field"),
        (b"[" * 100_000, "body", "must be JSON of a few levels"),
    ],
)
def test_json_that_is_not_a_request_is_refused(workload: Workload, body: bytes, field: str, rule: str) -> None:
    with pytest.raises(ProblemsError) as refused:
        formats.read(workload, body, JSON)
    problem = refused.value.problems[0].as_dict()
    assert (problem["field"], problem["rule"]) == (field, rule)


def test_csv_names_the_row_and_the_column(workload: Workload, line: str) -> None:
    broken = line.replace("1400", "far").replace("UA", "")
    with pytest.raises(ProblemsError) as refused:
        formats.read(workload, f"{line}\n{broken}\n".encode(), CSV)
    assert [problem.field for problem in refused.value.problems] == ["rows[1].carrier", "rows[1].distance"]


def test_csv_of_another_width_a_header_and_nothing_are_refused(workload: Workload, line: str) -> None:
    header = ",".join(workload.features)
    for body, message in (
        (f"{line}\n{line},1\n", "rows[1] must have 28 columns, got 29"),
        (f"{header}\n{line}\n", 'rows[0] must hold values, got "column names". Leave the header line out.'),
        ("\n", "body must have at least one row"),
        ('"open', "body must be CSV"),
    ):
        with pytest.raises(ProblemsError) as refused:
            formats.read(workload, body.encode(), CSV)
        assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("header", "field", "found"),
    [
        ("application/json; charset=utf-8", "Content-Type", JSON),
        ("Text/CSV", "Content-Type", CSV),
        ("*/*", "Accept", JSON),
        ("text/html, text/csv;q=0.5", "Accept", CSV),
    ],
)
def test_media_types_are_found_in_headers(header: str, field: str, found: str) -> None:
    assert formats.media_type(header, field) == found


@pytest.mark.parametrize(("header", "field"), [("", "Content-Type"), ("*/*", "Content-Type"), ("image/png", "Accept")])
def test_other_media_types_are_refused_with_what_to_send(header: str, field: str) -> None:
    with pytest.raises(UnsupportedTypeError, match=f"{field} must be one of application/json, text/csv"):
        formats.media_type(header, field)


def test_answers_carry_probability_label_and_model(workload: Workload) -> None:
    answer = json.loads(formats.write(workload, [0.25, 0.5], "sha256:abc", JSON))
    assert answer == {
        "predictions": [{"probability": 0.25, "late": False}, {"probability": 0.5, "late": True}],
        "model_digest": "sha256:abc",
    }
    assert formats.write(workload, [0.25, 0.5], "sha256:abc", CSV) == b"0.25\n0.5\n"
