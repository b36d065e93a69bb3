"""Which files below a prefix are read, and what their paths say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.training.raw.places import NOON, Lake, at, csv, jsonl, one, parquet, source
from training import raw
from training.raw import RawFile
from workloads.spec import Source

JANUARY, FEBRUARY, MARCH = (datetime(2013, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def day(text: str, **columns: Any) -> bytes:
    """A Parquet file of one row at noon of a day."""
    return parquet({"event_time": at(f"{text}T12:00+00:00"), **columns})


def test_markers_beside_the_rows_are_left_out(lake: Lake) -> None:
    lake.put(
        {
            "_SUCCESS": b"",
            "_metadata": b"PAR1",
            "_committed_123": b"{}",
            "_temporary/0/part-0.parquet": b"half a file",
            ".part-0.parquet.crc": b"crc",
            "part-0.parquet.crc": b"crc",
            ".DS_Store": b"x",
            ".ipynb_checkpoints/a.csv": b"a",
            "2013_$folder$": b"",
            "empty.parquet": b"",
            "empty.csv": b"\n",
            "no-ending": b"",
            "part-0.parquet": parquet(one({})),
        }
    )
    stream = lake.stream(source())
    assert (stream.table.num_rows, stream.files, stream.empty) == (1, 4, 3)
    assert "3 of them empty" in str(stream)


def test_objects_that_stand_for_folders_are_no_files() -> None:
    def fail() -> bytes:
        raise AssertionError("a folder was read")

    files = [RawFile("raw/events/", fail), RawFile("raw/events/a/", fail)]
    files.append(RawFile("raw/events/a/b.parquet", lambda: parquet(one({}))))
    assert raw.read("events", source(), files).num_rows == 1


def test_files_of_one_name_in_two_folders_are_both_read(lake: Lake) -> None:
    lake.put({f"{place}/2013-01.parquet": day("2013-01-05", it=[place]) for place in ("a", "b/c")})
    assert lake.put({"2013-01.csv": csv(one({"it": ["d"]}))}).read(source({"it": "string"}))["it"] == ["d", "a", "b/c"]


def test_columns_that_exist_only_in_the_path(lake: Lake) -> None:
    declared = source({"country": "string", "year": "integer", "shop": "string"})
    files = {
        "Country=de/year=2013/shop=a%2Fb/x.parquet": parquet(one({})),
        "Country=__HIVE_DEFAULT_PARTITION__/year=2013/shop=7/x.csv": csv(one({})),
        "Country=fr/year=2013/shop=7/x.jsonl": jsonl(one({})),
    }
    found = lake.put(files).read(declared)
    assert found["country"] == [None, "de", "fr"]
    assert found["year"] == [2013] * 3
    assert found["shop"] == ["7", "a/b", "7"]


def test_a_path_that_is_not_of_the_declared_type_is_refused(lake: Lake) -> None:
    (line,) = lake.put({"year=last/x.parquet": parquet(one({}, 5))}).refusal(source({"year": "integer"}))
    assert line.startswith('raw/events/year=last/x.parquet, row 1: year must be a whole number of 64 bits, got "last"')


def test_path_and_file_must_agree(lake: Lake) -> None:
    lake.put(
        {"shop=7/a.parquet": parquet(one({"shop": [7, 7]}, 2)), "shop=8/a.parquet": parquet(one({"shop": [8, 9]}, 2))}
    )
    (line,) = lake.refusal(source({"shop": "integer"}))
    assert line.startswith("raw/events/shop=8/a.parquet, row 2: shop must be what its path says, got 9")


def test_a_date_in_the_path_may_be_the_event_time(lake: Lake) -> None:
    lake.put({"date=2013-01-05/a.parquet": parquet({"it": [1]})})
    said = {"event_time": "date", "zone": "UTC", "timestamps": {"date": "end_of_day"}}
    columns = {"date": "timestamp", "it": "integer"}
    declared = Source.model_validate({"description": "A day.", "columns": columns, **said})
    assert lake.read(declared) == {"date": at("2013-01-06T00:00+00:00"), "it": [1]}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.parquet", parquet(one({"IT": [1]}))),
        ("a.csv", csv(one({"It": [1]}))),
        ("a.jsonl", jsonl(one({"iT": [1]}))),
        ("b.csv", csv(one({" I-t ": [1]}))),
    ],
)
def test_a_column_is_found_whatever_its_case(lake: Lake, name: str, written: bytes) -> None:
    key = "i_t" if name == "b.csv" else "it"
    assert lake.put({name: written}).read(source({key: "integer"}))[key] == [1]


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("a.parquet", parquet(one({"it": [1], "IT": [1]})), ": it must be one column, and it, IT are 2"),
        ("a.csv", csv(one({"it": [1], "IT": [1]})), ": it must be one column, and it, IT are 2"),
        ("a.jsonl", jsonl(one({"it": [1], "IT": [1]})), ": it must be one column, and it, IT are 2"),
        (
            "a.parquet",
            parquet(
                pa.Table.from_arrays([pa.array(at(NOON)), pa.array([1]), pa.array([2])], ["event_time", "it", "it"])
            ),
            ": it must be one column, and it, it are 2",
        ),
        ("a.csv", b"event_time,it,it\n2013-01-05T12:00Z,1,2\n", ": it must be one column, and it, it are 2"),
        (
            "a.jsonl",
            b'{"event_time": "2013-01-05T12:00:00Z", "it": 1, "it": 2}\n',
            ", row 1 must have each name once, and it is twice",
        ),
    ],
)
def test_a_column_twice_is_refused(lake: Lake, name: str, written: bytes, said: str) -> None:
    (line,) = lake.put({name: written}).refusal(source({"it": "integer"}))
    assert line.startswith(f"raw/events/{name}{said}"), line


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.csv", b"event_time,x,x\n2013-01-05T12:00Z,1,2\n"),
        ("a.parquet", parquet(pa.Table.from_arrays([pa.array(at(NOON))] * 3, ["event_time", "x", "x"]))),
        ("a.parquet", parquet(one({"x.y": [1], "nested": [{"a": 1}]}))),
        (
            "a.jsonl",
            b'{"event_time": "2013-01-05T12:00:00Z", "x": 1}\n{"event_time": "2013-01-05T12:00:00Z", "x": "a"}\n',
        ),
    ],
)
def test_what_is_not_declared_does_not_matter(lake: Lake, name: str, written: bytes) -> None:
    assert set(lake.put({name: written}).read(source())["event_time"]) == set(at(NOON))


@pytest.mark.parametrize("write", [csv, jsonl, parquet])
def test_a_column_that_came_later_is_null_before(lake: Lake, write: Any) -> None:
    name = {csv: "csv", jsonl: "jsonl", parquet: "parquet"}[write]
    lake.put({f"a.{name}": write(one({})), f"b.{name}": write(one({"late": [1]}))})
    (line,) = lake.refusal(source({"late": "integer"}))
    assert line.startswith(
        f"raw/events/a.{name}: late must be a column of the file. Load the file again with it; where"
    )
    stream = lake.stream(source({"late": "integer"}, optional=["late"]))
    assert stream.table["late"].to_pylist() == [None, 1]
    assert stream.absent == {"late": 1}
    assert "1 of them without late, which is null there" in str(stream)


def test_a_file_of_another_kind_is_refused_and_not_passed_over(lake: Lake) -> None:
    lake.put(
        {"a.avro": b"Obj\x01", "b.parquet": b"a,b\n", "c.parquet": parquet(one({}))[:-40], "d.csv.gz": b"\x1f\x8bxx"}
    )
    lines = lake.refusal(source())
    assert lines[0].startswith("raw/events/a.avro must be Parquet, CSV or JSON Lines. Name it by what it is: .parquet")
    assert lines[1].startswith("raw/events/b.parquet must be a Parquet file")
    assert lines[2].startswith("raw/events/c.parquet must be a whole file of its kind (")
    assert lines[3].startswith("raw/events/d.csv.gz must be a whole file of its kind (")


@pytest.mark.parametrize(
    ("path", "name"),
    [("_delta_log/0.json", "Delta Lake"), (".hoodie/x", "Hudi"), ("metadata/v1.metadata.json", "Iceberg")],
)
def test_a_table_formats_files_are_not_its_rows(lake: Lake, path: str, name: str) -> None:
    (line,) = lake.put({path: b"{}", "a.parquet": parquet(one({}))}).refusal(source())
    assert line.startswith(f"raw/events/ must hold plain files, not a table of {name}. ")


@pytest.mark.parametrize(
    ("files", "got"),
    [
        ({}, "no files"),
        ({"_SUCCESS": b""}, "no files"),
        ({"a.parquet": b"", "b.parquet": parquet(one({}))[:0]}, "2 files without rows"),
    ],
)
def test_a_source_that_never_had_a_row_is_a_mistake(lake: Lake, files: dict[str, bytes], got: str) -> None:
    assert lake.put(files).refusal(source())[0].startswith(f'raw/events/ must hold rows, got "{got}". ')


def read_of(lake: Lake, declared: Source, start: datetime, end: datetime) -> tuple[list[str], int]:
    """Return the days that were read, and how many files were left out."""
    stream = lake.stream(declared, start, end)
    return [f"{moment:%m-%d}" for moment in stream.table["event_time"].to_pylist()], stream.unread


@pytest.mark.parametrize(
    "layout",
    [
        "{0:%Y-%m}.parquet",
        "{0:%Y-%m-%d}.parquet",
        "year={0:%Y}/month={0:%m}/day={0:%d}/a.parquet",
        "year={0:%Y}/month={0.month}/a.parquet",
        "date={0:%Y-%m-%d}/a.parquet",
        "dt={0:%Y-%m-%d}/hour=12/a.parquet",
        "shop=7/month={0:%Y-%m}/a.parquet",
    ],
)
def test_only_the_files_of_the_dates_are_read(lake: Lake, layout: str) -> None:
    days = [datetime(2013, month, 15, tzinfo=UTC) for month in range(1, 7)]
    lake.put({layout.format(one): day(f"{one:%Y-%m-%d}") for one in days})
    lake.put({layout.format(datetime(2012, 7, 15)): b"not to be looked at"})
    inside, unread = read_of(lake, source(), datetime(2013, 2, 10, tzinfo=UTC), datetime(2013, 3, 20, tzinfo=UTC))
    assert "02-15" in inside and "03-15" in inside
    assert unread == 5


def test_a_day_of_another_zone_is_not_missed(lake: Lake) -> None:
    lake.put({"date=2013-02-01/a.parquet": parquet({"event_time": at("2013-01-31T23:30+00:00")})})
    lake.put({"date=2013-01-15/a.parquet": day("2013-01-15"), "date=2013-05-15/a.parquet": b"not to be looked at"})
    assert read_of(lake, source(), JANUARY, FEBRUARY) == (["01-15", "01-31"], 1)


def test_files_that_are_not_laid_out_by_event_time_are_all_read(lake: Lake) -> None:
    """By when they were loaded, say: a row of January lies in March."""
    lake.put({"date=2013-02-01/a.parquet": day("2013-01-20"), "date=2013-03-20/a.parquet": day("2013-01-25")})
    assert read_of(lake, source(), JANUARY, FEBRUARY) == (["01-20", "01-25"], 0)


def test_parts_that_are_left_out_show_the_layout_too(lake: Lake) -> None:
    """What was loaded in January may all be of December, and what happened in January may lie in March."""
    lake.put({"date=2013-01-15/a.parquet": day("2012-12-01"), "date=2013-03-20/a.parquet": day("2013-01-25")})
    stream = lake.stream(source(), JANUARY, FEBRUARY)
    assert (stream.table.num_rows, stream.skipped, stream.unread) == (1, 1, 0)


def test_dates_in_a_path_that_mean_something_else_hide_nothing(lake: Lake) -> None:
    lake.put({"birth_date=1980-01-01/a.parquet": day("2013-01-20"), "year=1980/b.parquet": day("2013-01-25")})
    assert sorted(read_of(lake, source(), JANUARY, FEBRUARY)[0]) == ["01-20", "01-25"]


@pytest.mark.parametrize("other", ["birth_date=1980-01-01", "date=__HIVE_DEFAULT_PARTITION__"])
def test_files_without_a_date_in_their_path_are_read_beside_those_with_one(lake: Lake, other: str) -> None:
    lake.put({f"{other}/a.parquet": day("2013-01-20"), "date=2013-01-25/a.parquet": day("2013-01-25")})
    lake.put({"date=2012-01-25/a.parquet": b"not to be looked at"})
    days, unread = read_of(lake, source(), JANUARY, FEBRUARY)
    assert (sorted(days), unread) == (["01-20", "01-25"], 1)


def test_a_reference_source_is_read_from_its_beginning(lake: Lake) -> None:
    lake.put(
        {"1999-01.parquet": day("1999-01-05"), "2013-01.parquet": day("2013-01-05"), "2014-01.parquet": b"not read"}
    )
    stream = lake.stream(source(reference=True), JANUARY, FEBRUARY)
    assert (stream.table.num_rows, stream.unread) == (2, 1)


def test_a_source_may_have_no_rows_of_the_dates(lake: Lake) -> None:
    lake.put({"2013-01.parquet": day("2013-01-05"), "2013-02.parquet": parquet(one({}))[:0]})
    stream = lake.stream(source(), FEBRUARY, MARCH)
    assert stream.keys == ()


@pytest.mark.parametrize("text", [False, True])
def test_parts_of_a_file_are_left_out_by_their_statistics(lake: Lake, text: bool) -> None:
    days = [datetime(2013, 1, number, 12, tzinfo=UTC) for number in range(1, 31)]
    moments: list[Any] = [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in days] if text else days
    body = parquet({"event_time": moments, "it": ["1"] * 25 + ["x"] * 5}, row_group_size=10)
    lake.put({"all.parquet": body})
    start, end = datetime(2013, 1, 12, tzinfo=UTC), datetime(2013, 1, 15, tzinfo=UTC)
    stream = lake.stream(source({"it": "integer"}), start, end)
    assert (stream.table.num_rows, stream.skipped) == (10, 20)
    (line,) = lake.refusal(source({"it": "integer"}))
    assert line.startswith("raw/events/all.parquet, row 26: ")


def test_a_row_keeps_its_number_where_parts_before_it_are_left_out(lake: Lake) -> None:
    days = [datetime(2013, 1, number, 12, tzinfo=UTC) for number in range(1, 31)]
    lake.put({"all.parquet": parquet({"event_time": days, "it": ["1"] * 25 + ["x"] * 5}, row_group_size=10)})
    with pytest.raises(raw.RawDataError, match=r"all.parquet, row 26: it must be .* \(5 rows\)"):
        lake.stream(source({"it": "integer"}), datetime(2013, 1, 22, tzinfo=UTC), FEBRUARY)
