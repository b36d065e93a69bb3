"""Timestamps as teams have them: what the file says is believed, what it cannot say is declared, or refused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.training.raw.places import Lake, at, parquet, source

NAIVE = datetime(2013, 1, 5, 12)
EPOCH = 1357387200  # 2013-01-05T12:00:00Z
NEW_YORK: dict[str, Any] = {"zone": "America/New_York"}
START: dict[str, Any] = {"zone": "America/New_York", "timestamps": {"event_time": "start_of_day"}}
END: dict[str, Any] = {"zone": "America/New_York", "timestamps": {"event_time": "end_of_day"}}


def epoch(unit: str) -> dict[str, Any]:
    """Declare since when the event time's numbers count."""
    return {"timestamps": {"event_time": f"epoch_{unit}"}}


@pytest.mark.parametrize(
    ("given", "said", "read"),
    [
        (pa.array([NAIVE], pa.timestamp("ns", "UTC")), {}, "2013-01-05T12:00+00:00"),
        (pa.array([NAIVE], pa.timestamp("s", "Europe/Berlin")), {}, "2013-01-05T12:00+00:00"),
        (pa.array([EPOCH * 10**9 + 1999], pa.timestamp("ns", "UTC")), {}, "2013-01-05T12:00:00.000001+00:00"),
        (pa.array([NAIVE], pa.timestamp("ms")), {"zone": "UTC"}, "2013-01-05T12:00+00:00"),
        (pa.array([NAIVE], pa.timestamp("ns")), NEW_YORK, "2013-01-05T17:00+00:00"),
        (pa.array([datetime(2013, 11, 3, 1, 30)]), NEW_YORK, "2013-11-03T06:30+00:00"),  # the second pass
        (pa.array([datetime(2013, 3, 10, 2, 30)]), NEW_YORK, "2013-03-10T07:00+00:00"),  # there is no such hour
        (pa.array([date(2013, 1, 5)]), START, "2013-01-05T05:00+00:00"),
        (pa.array([date(2013, 1, 5)]), END, "2013-01-06T05:00+00:00"),
        (pa.array([date(2013, 3, 10)], pa.date64()), END, "2013-03-11T04:00+00:00"),  # a day of 23 hours
        (pa.array([EPOCH]), epoch("s"), "2013-01-05T12:00+00:00"),
        (pa.array([EPOCH], pa.int32()), epoch("s"), "2013-01-05T12:00+00:00"),
        (pa.array([EPOCH * 1000 + 7]), epoch("ms"), "2013-01-05T12:00:00.007+00:00"),
        (pa.array([EPOCH * 10**6 + 7]), epoch("us"), "2013-01-05T12:00:00.000007+00:00"),
        (pa.array([EPOCH * 10**9 + 7999]), epoch("ns"), "2013-01-05T12:00:00.000007+00:00"),
        (pa.array([EPOCH + 0.25]), epoch("s"), "2013-01-05T12:00:00.250000+00:00"),
        (pa.array([EPOCH * 10**3 + 0.25]), epoch("ms"), "2013-01-05T12:00:00.000250+00:00"),
        (pa.array([float(EPOCH * 10**6 + 7)]), epoch("us"), "2013-01-05T12:00:00.000007+00:00"),
        (pa.array([float(EPOCH * 10**9)]), epoch("ns"), "2013-01-05T12:00+00:00"),
        (pa.array([Decimal("1357387200.25")]), epoch("s"), "2013-01-05T12:00:00.250000+00:00"),
        (pa.array([str(EPOCH)]), epoch("s"), "2013-01-05T12:00+00:00"),
        (pa.array(["2013-01-05T12:00:00Z"]), {}, "2013-01-05T12:00+00:00"),
        (pa.array(["2013-01-05 12:00:00.123456789+01:00"]), {}, "2013-01-05T11:00:00.123456+00:00"),
        (pa.array([" 2013-01-05T12:00-0500 "]), {}, "2013-01-05T17:00+00:00"),
        (pa.array(["2013-01-05 12:00:00 UTC"]), {}, "2013-01-05T12:00+00:00"),
        (pa.array(["2013-01-05 12:00:00+00"]), {}, "2013-01-05T12:00+00:00"),
        (pa.array(["2013-01-05T12:00"]), NEW_YORK, "2013-01-05T17:00+00:00"),
        (pa.array(["2013-01-05 12:00:00.123456789"]), NEW_YORK, "2013-01-05T17:00:00.123456+00:00"),
        (pa.array(["2013-01-05"]), START, "2013-01-05T05:00+00:00"),
        (pa.array(["2013-01-05"]), END, "2013-01-06T05:00+00:00"),
        # what a declaration is about is what the file does not say
        (pa.array([NAIVE], pa.timestamp("us", "UTC")), {**NEW_YORK, **epoch("ms")}, "2013-01-05T12:00+00:00"),
        (pa.array(["2013-01-05T12:00:00Z"]), END, "2013-01-05T12:00+00:00"),
    ],
    ids=str,
)
def test_a_moment_is_read(lake: Lake, given: pa.Array, said: dict[str, Any], read: str) -> None:
    assert lake.put({"a.parquet": parquet({"event_time": given})}).read(source(**said)) == {"event_time": at(read)}


@pytest.mark.parametrize(
    ("given", "said", "rule"),
    [
        (pa.array([NAIVE]), {}, 'have a time zone, got "2013-01-05 12:00:00.000000". Set the source\'s `zone`'),
        (pa.array(["2013-01-05T12:00"]), {}, "have a time zone"),
        (pa.array([date(2013, 1, 5)]), {"zone": "UTC"}, "be declared as the start or the end of a day"),
        (pa.array(["2013-01-05"]), {"zone": "UTC"}, "be declared as the start or the end of a day"),
        (pa.array([EPOCH]), {}, f"be declared as seconds, milli-, micro- or nanoseconds since 1970, got {EPOCH}. "),
        (pa.array([str(EPOCH)]), {}, "be declared as seconds"),
        (pa.array([EPOCH]), {"timestamps": {"event_time": "start_of_day"}, "zone": "UTC"}, "be declared as seconds"),
        (pa.array([1e300]), epoch("s"), "lie in the years 1 to 9999, got 1e+300"),
        (pa.array([2**62]), epoch("s"), "lie in the years 1 to 9999"),
        (pa.array([EPOCH * 1000]), epoch("s"), "lie in the years 1 to 9999"),
        (pa.array(["05.01.2013 12:00"]), {"zone": "UTC"}, 'be a moment as ISO 8601 writes it, got "05.01.2013 12:00"'),
        (pa.array(["2013-02-30T12:00:00Z"]), {}, "be a moment as ISO 8601 writes it"),
        (pa.array(["2013-02-30"]), END, "be a moment as ISO 8601 writes it"),
        (pa.array(["soon"]), {"zone": "UTC"}, "be a moment as ISO 8601 writes it"),
    ],
    ids=str,
)
def test_a_moment_that_cannot_be_known_is_refused(lake: Lake, given: pa.Array, said: dict[str, Any], rule: str) -> None:
    good = pa.nulls(1, given.type)
    lake.put({"a.parquet": parquet({"event_time": pa.concat_arrays([good, given])})})
    (line,) = lake.refusal(source(**said, without_event_time="drop"))
    assert line.startswith(f"raw/events/a.parquet, row 2: event_time must {rule}"), line


@pytest.mark.parametrize(
    ("given", "said", "first"),
    [
        (pa.array([EPOCH, 1e12, -1e300, -1e15, 1e13]), epoch("s"), "1000000000000.0 "),
        (pa.array([EPOCH, EPOCH * 1000, -(2**63), 2**62, 2**63 - 1]), epoch("s"), "1357387200000"),
        (pa.array([EPOCH, 2**59, -(2**63), 2**62, 2**63 - 1]), epoch("ms"), str(2**59)),
        (pa.array([EPOCH, 2**59, -(2**63), 2**62, 2**63 - 1], pa.timestamp("ms")), {"zone": "Asia/Tokyo"}, '"'),
        (pa.array([EPOCH, 2**59, -(2**63), 2**62, 2**63 - 1], pa.timestamp("ms")), NEW_YORK, '"'),
        (pa.array([EPOCH, 2**59, -(2**63), 2**62, 2**63 - 1], pa.timestamp("ms", "UTC")), {}, '"'),
    ],
    ids=str,
)
def test_moments_beyond_our_years_are_counted_together(
    lake: Lake, given: pa.Array, said: dict[str, Any], first: str
) -> None:
    """However far beyond: some fit into microseconds, and others do not."""
    (line,) = lake.put({"a.parquet": parquet({"event_time": given})}).refusal(source(**said))
    assert line.startswith(f"raw/events/a.parquet, row 2: event_time must lie in the years 1 to 9999, got {first}"), (
        line
    )
    assert "(4 rows). " in line


@pytest.mark.parametrize(
    ("value", "unit"), [(EPOCH, "s"), (EPOCH * 10**3, "ms"), (EPOCH * 10**6, "us"), (EPOCH * 10**9, "ns")]
)
def test_the_remedy_names_the_unit_of_our_time(lake: Lake, value: int, unit: str) -> None:
    (line,) = lake.put({"a.parquet": parquet({"event_time": [value]})}).refusal(source())
    assert f"`timestamps: {{event_time: epoch_{unit}}}`" in line


def test_int96_carries_no_zone_and_reaches_beyond_nanoseconds(lake: Lake) -> None:
    moments = pa.array([NAIVE, datetime(9999, 12, 31)])
    lake.put({"a.parquet": parquet({"event_time": moments}, use_deprecated_int96_timestamps=True)})
    assert lake.refusal(source())[0].startswith("raw/events/a.parquet, row 1: event_time must have a time zone")
    found = lake.read(source(zone="UTC"))["event_time"]
    assert found == at("2013-01-05T12:00+00:00", "9999-12-31T00:00+00:00")


def test_each_row_of_a_text_column_may_be_written_otherwise(lake: Lake) -> None:
    lake.put({"a.csv": f"event_time\n2013-01-05T12:00:00Z\n2013-01-05 12:00\n{EPOCH}\n".encode()})
    found = lake.read(source(**NEW_YORK, **epoch("s")))["event_time"]
    assert found == at("2013-01-05T12:00+00:00", "2013-01-05T17:00+00:00", "2013-01-05T12:00+00:00")


def test_the_other_timestamps_of_a_row_may_be_missing(lake: Lake) -> None:
    body = b'{"event_time": "2013-01-05T12:00:00Z", "paid": 1357387200000}\n{"event_time": "2013-01-05T12:00:00Z"}\n'
    declared = source({"paid": "timestamp"}, timestamps={"paid": "epoch_ms"})
    assert lake.put({"a.jsonl": body}).read(declared)["paid"] == [*at("2013-01-05T12:00+00:00"), None]


def test_dates_of_a_text_column_are_read_as_fast_as_the_file(lake: Lake) -> None:
    """Millions of rows must not be read one by one."""
    rows = 200_000
    moments = pc.add(pa.scalar(NAIVE), pa.array(range(rows), pa.duration("s")))
    texts = pc.strftime(moments, format="%Y-%m-%d %H:%M:%S")
    lake.put({"a.csv": b"event_time\n" + "\n".join(texts.to_pylist()).encode()})
    assert lake.stream(source(zone="UTC")).table.num_rows == rows
