"""One right outcome for each way to write a value: read, or refused with file, row and rule."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.training.raw.places import WRITERS, Lake, csv, jsonl, one, parquet, source
from workloads.spec import Source

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(lake: Lake, name: str) -> None:
    kinds = {"text": "string", "whole": "integer", "amount": "number", "flag": "boolean"}
    columns = {
        "text": ["a, b", None, "ü"],
        "whole": [1, 2, None],
        "amount": [0.5, None, 3.0],
        "flag": [True, False, None],
    }
    assert lake.put({name: WRITERS[name](one(columns, 3))}).read(source(kinds)) == one(columns, 3)


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        ("string", pa.array(["a", None]).dictionary_encode(), ["a", None]),
        ("string", pa.array(["a", None], pa.large_string()), ["a", None]),
        ("string", pa.array(["a", None], pa.string_view()), ["a", None]),
        ("string", pa.array([b"a", None]), ["a", None]),
        ("string", pa.array([7, None]), ["7", None]),
        ("string", pa.array([7.0, NAN]), ["7", None]),
        ("string", pa.array([Decimal(7), None]), ["7", None]),
        ("string", pa.array([date(2013, 1, 5), None]), ["2013-01-05", None]),
        ("string", pa.array([time(10, 30), None]), ["10:30:00.000000", None]),
        ("string", pa.array([None, None]), [None, None]),
        ("integer", pa.array([7, None], pa.uint8()), [7, None]),
        ("integer", pa.array([7.0, NAN]), [7, None]),
        ("integer", pa.array([2**60 + 1, None]), [2**60 + 1, None]),
        ("integer", pa.array([Decimal("7.00"), None]), [7, None]),
        ("integer", pa.array(["7", " 7.0 "]), [7, 7]),
        ("integer", pa.array(["007", "1e3"]), [7, 1000]),
        ("integer", pa.array([True, None]), [1, None]),
        ("number", pa.array([7, None]), [7.0, None]),
        ("number", pa.array([2**60 + 1, None]), [float(2**60), None]),
        ("number", pa.array([0.5, NAN]), [0.5, None]),
        ("number", pa.array([0.5, None], pa.float32()), [0.5, None]),
        ("number", pa.array([0.5, None], pa.float16()), [0.5, None]),
        ("number", pa.array([Decimal("0.50"), None]), [0.5, None]),
        ("number", pa.array([" 0.5", ""]), [0.5, None]),
        ("number", pa.array([".5", "nan"]), [0.5, None]),
        ("boolean", pa.array([1, 0]), [True, False]),
        ("boolean", pa.array([1.0, NAN]), [True, None]),
        ("boolean", pa.array([Decimal(1), None]), [True, None]),
        ("boolean", pa.array(["True", "FALSE"]), [True, False]),
        ("boolean", pa.array([" 1", "0.0"]), [True, False]),
    ],
    ids=str,
)
def test_a_value_is_read_as_its_declared_type(lake: Lake, kind: str, given: pa.Array, read: list[Any]) -> None:
    found = lake.put({"a.parquet": parquet(one({"it": given}, 2))}).read(source({"it": kind}))["it"]
    assert found == read
    assert [type(value) for value in found] == [type(value) for value in read]


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("string", pa.array([7.0, 7.5]), "row 2: it must be text, got 7.5. A fraction has no one spelling"),
        ("string", pa.array([True, False]), 'it must be text, got "bool"'),
        ("string", pa.array([b"\xff", b"a"]), "it must be of type string (Invalid UTF8"),
        ("string", pa.array([{"a": 1}, None]), 'it must be text, got "struct<a: int64>"'),
        ("integer", pa.array([7.0, 7.5]), "row 2: it must be a whole number, got 7.5. Declare the column as a number"),
        ("integer", pa.array([INFINITY, 7.0]), "row 1: it must be a finite number, got Infinity. A division by zero"),
        ("integer", pa.array([1e19, 7.0]), "row 1: it must fit into 64 bits, got 1e+19"),
        ("integer", pa.array([2**64 - 1, 7], pa.uint64()), "row 1: it must be a whole number of 64 bits, got 184467"),
        ("integer", pa.array([Decimal("7.5"), None]), 'row 1: it must be a whole number of 64 bits, got "7.5"'),
        ("integer", pa.array(["7", "0x10"]), 'row 2: it must be a whole number of 64 bits, got "0x10"'),
        ("integer", pa.array(["7", "1_0"]), 'row 2: it must be a whole number of 64 bits, got "1_0"'),
        ("integer", pa.array(["7", "seven"]), 'row 2: it must be a whole number of 64 bits, got "seven"'),
        ("integer", pa.array([date(2013, 1, 5)] * 2), 'it must be a whole number, got "date32[day]"'),
        ("number", pa.array([0.5, -INFINITY]), "row 2: it must be a finite number, got -Infinity"),
        ("number", pa.array(["0.5", "inf"]), 'row 2: it must be a finite number, got "inf"'),
        ("number", pa.array(["0.5", "1,5"]), 'row 2: it must be a number, got "1,5". Write it as 1234.5'),
        ("number", pa.array(["0.5", "NA"]), 'row 2: it must be a number, got "NA". Write it as 1234.5; where a text'),
        ("number", pa.array([[1.0], None]), 'it must be a number, got "list<element: double>"'),
        ("boolean", pa.array([1, 2]), "row 2: it must be true, false, 1 or 0, got 2"),
        ("boolean", pa.array([0.5, 1.0]), "row 1: it must be true, false, 1 or 0, got 0.5"),
        ("boolean", pa.array(["yes", "1"]), 'row 1: it must be true, false, 1 or 0, got "yes"'),
        ("timestamp", pa.array([True, False]), 'it must be a timestamp, got "bool"'),
    ],
    ids=str,
)
def test_a_value_that_is_not_of_its_type_is_refused(lake: Lake, kind: str, given: pa.Array, said: str) -> None:
    lake.put({"a.parquet": parquet(one({"it": given}, 2))})
    (line,) = lake.refusal(source({"it": kind}))
    assert line.startswith(("raw/events/a.parquet, " if said.startswith("row") else "raw/events/a.parquet: ") + said)


def test_one_line_says_how_often_a_rule_is_broken(lake: Lake) -> None:
    bad, good = parquet(one({"it": [0.5, INFINITY, INFINITY]}, 3)), parquet(one({"it": [1.0]}))
    lake.put({"a.parquet": good, "b.parquet": bad, "c/b.parquet": bad})
    (line,) = lake.refusal(source({"it": "number"}))
    assert line.startswith("raw/events/b.parquet, row 2: it must be a finite number, got Infinity (4 rows of 2 files).")


def test_everything_that_is_wrong_is_told_at_once(lake: Lake) -> None:
    lake.put(
        {"a.csv": b"event_time,it,other\nsoon,x,1\n", "b.csv": b"event_time,it\n", "c.csv": b"event_time,it\n\n,3\n"}
    )
    assert [line.split(". ")[0] for line in lake.refusal(source({"it": "number", "other": "integer"}))] == [
        'raw/events/a.csv, row 1: event_time must be a moment as ISO 8601 writes it, got "soon"',
        'raw/events/a.csv, row 1: it must be a number, got "x"',
        "raw/events/c.csv: other must be a column of the file",
    ]


@pytest.mark.parametrize(
    ("rules", "more"),
    [(20, []), (21, ["and 1 more rules that raw data break"]), (30, ["and 10 more rules that raw data break"])],
)
def test_many_rules_are_told_shortly(lake: Lake, rules: int, more: list[str]) -> None:
    names = [f"c{number}" for number in range(rules)]
    lake.put({"a.parquet": parquet(one({name: ["x"] for name in names}))})
    lines = lake.refusal(source(dict.fromkeys(names, "number")))
    assert [line.split(":")[1].split()[0] for line in lines[:20]] == names[:20]
    assert lines[20:] == more


@pytest.mark.parametrize(("name", "write"), [("a.csv", csv), ("a.jsonl", jsonl), ("a.parquet", parquet)])
def test_what_means_no_value_is_declared(lake: Lake, name: str, write: Any) -> None:
    lake.put({name: write(one({"it": ["NA", "0.5", "-"], "text": ["NA", "b", "-"]}, 3))})
    found = lake.read(source({"it": "number", "text": "string"}, null_values=["NA", "-"]))
    assert (found["it"], found["text"]) == ([None, 0.5, None], [None, "b", None])


def test_a_row_without_an_event_time_is_refused_or_left_out(lake: Lake) -> None:
    columns: dict[str, Any] = {"event_time": pa.array([None, 5, None], pa.timestamp("us", "UTC")), "it": [1, 2, 3]}
    lake.put({"a.parquet": parquet(columns)})
    declared: Source = source({"it": "integer"})
    (line,) = lake.refusal(declared)
    assert line.startswith("raw/events/a.parquet, row 1: event_time must have a value (2 rows).")
    stream = lake.stream(declared.model_copy(update={"without_event_time": "drop"}))
    assert stream.table["it"].to_pylist() == [2]
    assert stream.without_event_time == 2
    assert "2 rows without an event time left out" in str(stream)
