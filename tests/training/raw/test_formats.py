"""CSV and JSON Lines as programs write them."""

from __future__ import annotations

import io
import json

import pytest

from tests.training.raw.places import NOON, Lake, at, parquet, source
from training import raw
from training.raw import RawFile

ROW = b"2013-01-05T12:00Z"


@pytest.mark.parametrize(
    ("name", "body", "read"),
    [
        ("a.csv", b"\xef\xbb\xbfevent_time,it\r\n%b,a\r\n" % ROW, ["a"]),
        ("a.csv", b"it,event_time\n\na,%b\n\n" % ROW, ["a"]),
        ("a.csv", b'event_time,it\n%b,"a\nb, ""c"""\n' % ROW, ['a\nb, "c"']),
        ("a.csv", b'event_time,it\n%b,\n%b,""\n' % (ROW, ROW), [None, ""]),
        ("a.csv", b"event_time,it\n%b,NULL\n" % ROW, ["NULL"]),
        ("a.tsv", b"event_time\tit\n%b\ta,b\n" % ROW, ["a,b"]),
        ("A.CSV", b"event_time,it\n%b,a" % ROW, ["a"]),
        (
            "a.jsonl",
            b'\xef\xbb\xbf{"event_time": "%b", "it": "a"}\r\n\r\n{"event_time": "%b"}' % (ROW, ROW),
            ["a", None],
        ),
        ("a.json", b'{"event_time": "%b", "it": "2013-01-05"}\n' % ROW, ["2013-01-05"]),
        ("a.json", b'{"event_time": "%b", "it": 7}\n{"event_time": "%b", "it": "a"}\n' % (ROW, ROW), ["7", "a"]),
        ("a.json", b'{"event_time": "%b"}\n{"event_time": "%b", "It": "a"}\n' % (ROW, ROW), [None, "a"]),
        ("a.json", b'{"event_time": "%b", "it": null, "x": [1]}\n' % ROW, [None]),
        ("a.ndjson", b'{"event_time": "%b", "it": "\\ud83d\\ude00"}\n' % ROW, ["\U0001f600"]),
    ],
    ids=str,
)
def test_a_file_is_read(lake: Lake, name: str, body: bytes, read: list[str | None]) -> None:
    assert lake.put({name: body}).read(source({"it": "string"}))["it"] == read


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        (
            "a.csv",
            b"event_time;it\n%b;a\n" % ROW,
            " must separate its cells by ',', got \"event_time;it\". Load it with",
        ),
        (
            "a.csv",
            b"event_time,it\n%b,a\n%b,a,b\n" % (ROW, ROW),
            ', row 2 must have 2 cells, got "2013-01-05T12:00Z,a,b"',
        ),
        ("a.csv", b"event_time,it\n%b,\xe4\n" % ROW, " must be a whole file of its kind ("),
        ("a.csv", "event_time,it\n".encode("utf-16"), " must be a whole file of its kind ("),
        (
            "a.json",
            b'[{"event_time": "%b"}]' % ROW,
            ' must be JSON Lines, an object a line, got "a list". Load it so: `jq',
        ),
        (
            "a.json",
            b'{"event_time": "%b", "it": "a"}\n{"it": \n' % ROW,
            ', row 2 must be a JSON object, got "{\\"it\\": "',
        ),
        ("a.json", b'{"event_time": "%b", "it": "a"}\n3\n' % ROW, ', row 2 must be a JSON object, got "3"'),
        ("a.json", b'{"event_time": "%b", "it": {"a": 1}}\n' % ROW, ', row 1: it must be one value, got {"a": 1}'),
        ("a.json", b'{"event_time": "%b", "it": 1.5}\n' % ROW, ", row 1: it must be text, got 1.5"),
        ("a.json", b'{"event_time": "%b", "it": true}\n' % ROW, ", row 1: it must be text, got true"),
    ],
    ids=str,
)
def test_a_file_is_refused(lake: Lake, name: str, body: bytes, said: str) -> None:
    (line,) = lake.put({name: body}).refusal(source({"it": "string"}))
    assert line.startswith(f"raw/events/{name}{said}"), line


@pytest.mark.parametrize(
    ("kind", "values", "read"),
    [
        ("integer", [1, 2.0, "3"], [1, 2, 3]),
        ("number", [1, 2.5, "3"], [1.0, 2.5, 3.0]),
        ("number", [1, float("nan")], [1.0, None]),
        ("boolean", [True, 0, "false"], [True, False, False]),
        ("integer", [2**60 + 1], [2**60 + 1]),
        ("integer", [2**60 + 1, 2.0], [2**60 + 1, 2]),
        ("integer", [2**53 + 1, 2.0], [2**53 + 1, 2]),
        ("integer", [1.0, None, 3], [1, None, 3]),
        ("boolean", [1, 0, None], [True, False, None]),
    ],
)
def test_json_may_write_a_type_in_more_than_one_way(
    lake: Lake, kind: str, values: list[object], read: list[object]
) -> None:
    body = "".join(json.dumps({"event_time": NOON, "it": value}) + "\n" for value in values)
    assert lake.put({"a.jsonl": body.encode()}).read(source({"it": kind}))["it"] == read


def test_json_counts_since_1970_with_a_fraction(lake: Lake) -> None:
    body = b'{"event_time": 1357387200.25}\n{"event_time": 1357387200}\n'
    found = lake.put({"a.jsonl": body}).read(source(timestamps={"event_time": "epoch_s"}))["event_time"]
    assert found == at("2013-01-05T12:00:00.25+00:00", "2013-01-05T12:00+00:00")


@pytest.mark.parametrize("more", ["", '{"event_time": "2013-01-05T12:00Z", "it": "1"}\n'])
def test_json_may_write_booleans_for_numbers(lake: Lake, more: str) -> None:
    body = b'{"event_time": "%b", "it": true}\n' % ROW + more.encode()
    assert set(lake.put({"a.jsonl": body}).read(source({"it": "number"}))["it"]) == {1.0}


def test_a_large_file_is_opened_and_not_loaded() -> None:
    body = parquet({"event_time": at(NOON), "other": ["x" * 1000]})

    def fail() -> bytes:
        raise AssertionError("it was loaded whole")

    file = RawFile("raw/events/a.parquet", fail, lambda: io.BytesIO(body))
    assert raw.read("events", source(), [file]).to_pydict() == {"event_time": at(NOON)}
