"""Bodies of requests and answers."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from inference import formats
from inference.headers import CSV, JSON
from workloads.problems import ProblemsError
from workloads.spec import Workload

_BREAKERS = [
    *(b"1e999", b"-1e999", b"9" * 400, b"9" * 5_000, b"NaN", b"-Infinity", b"1_400", b"0x10", b"null", b"true", b'""'),
    *(b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\", b"\r", b"\n", b"\r\n", b"\0", b"\t", b" ", b"[" * 2_000),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b'"\\ud800"', "\u0661\u2028".encode()),
    *(b'{"a": 1, "a": 2}', b'"instances": [], ', b'"distance": 1, '),
]


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


def test_a_mark_before_json_is_no_part_of_it(workload: Workload, instance: dict[str, Any]) -> None:
    body = json.dumps({"instances": [instance]}).encode()
    assert formats.read(workload, b"\xef\xbb\xbf" + body, JSON) == formats.read(workload, body, JSON)


@pytest.mark.parametrize(
    ("value", "rule", "shown"),
    [
        ("1e999", "must be a whole number", '"1e999"'),
        ("-1e999", "must be a whole number", '"-1e999"'),
        ("1.5", "must be a whole number", "1.5"),
        ("9" * 400, "must be a whole number", None),
        ("-" + "9" * 5_000, "must be a whole number", None),
        ('"1400"', "must be a whole number", '"1400"'),
        ("true", "must be a whole number", "true"),
        ("[1400]", "must be a whole number", "[1400]"),
        ('{"a": {"b": 1}}', "must be a whole number", '{"a": {"b": 1}}'),
        ("[" * 300 + "]" * 300, "must be a whole number", None),
        (str(10**300), "must be at most 6000", None),
        ("null", "must be given", "null"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(
    workload: Workload, instance: dict[str, Any], value: str, rule: str, shown: str | None
) -> None:
    body = json.dumps({"instances": [instance, {**instance, "distance": "HERE"}]}).replace('"HERE"', value)
    with pytest.raises(ProblemsError) as refused:
        formats.read(workload, body.encode(), JSON)
    (problem,) = (problem.as_dict() for problem in refused.value.problems)
    assert (problem["field"], problem["rule"]) == ("instances[1].distance", rule)
    assert shown is None or problem["value"] == shown


@pytest.mark.parametrize("value", ["1e999", "7", "true", "[]", '"\\ud800"', '"U\\u0000"'])
def test_a_category_takes_its_texts_alone(workload: Workload, instance: dict[str, Any], value: str) -> None:
    body = json.dumps({"instances": [{**instance, "carrier": "HERE"}]}).replace('"HERE"', value)
    with pytest.raises(ProblemsError) as refused:
        formats.read(workload, body.encode(), JSON)
    assert [problem.field for problem in refused.value.problems] == ["instances[0].carrier"]


def test_a_name_given_twice_is_told_wherever_it_stands(workload: Workload, instance: dict[str, Any]) -> None:
    one = json.dumps(instance)
    twice = one[:-1] + ', "distance": 900}'
    with pytest.raises(ProblemsError) as refused:
        formats.read(workload, f'{{"instances": [{one}, {twice}]}}'.encode(), JSON)
    assert str(refused.value) == "instances[1].distance must be given once, got 900. Remove all but one of them."
    with pytest.raises(ProblemsError, match="instances must be given once"):
        formats.read(workload, f'{{"instances": [{one}], "instances": [{one}]}}'.encode(), JSON)


def test_whatever_is_sent_is_read_or_refused(workload: Workload, instance: dict[str, Any], line: str) -> None:
    """Two thousand bodies, each a valid one with a few places overwritten by what breaks parsers."""
    chance = random.Random(20260731)  # noqa: S311 - places in bodies, not secrets
    valid = {JSON: json.dumps({"instances": [instance] * 2}).encode(), CSV: f"{line}\r\n{line}\r\n".encode()}
    read = refused = 0
    for _ in range(2_000):
        kind = chance.choice((JSON, CSV))
        body = bytearray(valid[kind])
        for _ in range(chance.randint(1, 3)):
            start = chance.randrange(len(body) + 1)
            end = min(len(body), start + chance.choice((0, 1, 1, 4, 40)))
            body[start:end] = chance.choice(_BREAKERS) if chance.random() < 0.7 else chance.randbytes(2)
        try:
            rows = formats.read(workload, bytes(body), kind)
        except ProblemsError as error:
            assert error.problems
            assert all(problem.field and problem.rule and problem.remedy for problem in error.problems)
            assert len(json.dumps([problem.as_dict() for problem in error.problems])) < 100_000
            refused += 1
        else:
            assert all(tuple(row) == workload.feature_names() for row in rows)
            read += 1
    assert read > 0
    assert refused > 1_000


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -0.1, 1.5])
@pytest.mark.parametrize("kind", [JSON, CSV])
def test_a_model_that_answers_no_probability_is_our_failure(workload: Workload, odd: float, kind: str) -> None:
    with pytest.raises(ValueError, match="did not answer row 1: A probability must be from 0 to 1, got"):
        formats.write(workload, np.array([[0.5], [odd]]), "sha256:abc", kind)


def test_answers_carry_probability_label_and_model(workload: Workload) -> None:
    answer = json.loads(formats.write(workload, np.array([[0.25], [0.5]]), "sha256:abc", JSON))
    assert answer == {
        "predictions": [{"probability": 0.25, "late": False}, {"probability": 0.5, "late": True}],
        "model_digest": "sha256:abc",
    }
    assert formats.write(workload, np.array([[0.25], [0.5]]), "sha256:abc", CSV) == b"0.25\n0.5\n"
