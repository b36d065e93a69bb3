"""What the delays' SQL makes of the flights' event streams."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from workloads import spec
from workloads.flights import ingest

DAY = ("2013-01-01", "2013-01-09")


@pytest.fixture(scope="module")
def lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for source in spec.named("delays").sources:
        rows = ingest.table(source)
        connection.register(source, rows[(rows.event_time >= DAY[0]) & (rows.event_time < DAY[1])])
    connection.execute((spec.folder("delays") / "features.sql").read_text("utf-8"))
    return connection


def table(lake: duckdb.DuckDBPyConnection, view: str) -> pd.DataFrame:
    found: pd.DataFrame = lake.sql(f"SELECT * FROM {view}").to_arrow_table().to_pandas()  # noqa: S608
    return found


def test_a_flight_is_asked_about_when_it_has_left_and_not_before_its_scheduled_minute(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    examples = table(lake, "examples").set_index("flight_id")
    early, late = examples[examples.departure_delay < 0], examples[examples.departure_delay > 0]
    departures = ingest.table("departures").set_index("flight_id").event_time
    schedules = ingest.table("schedules").set_index("flight_id").event_time
    assert len(early) > 1000
    assert len(late) > 1000
    assert (early.event_time == schedules[early.index]).all()
    assert (late.event_time == departures[late.index]).all()


def test_the_answer_is_the_arrivals_delay_and_known_at_the_arrival(lake: duckdb.DuckDBPyConnection) -> None:
    examples = table(lake, "examples").set_index("flight_id")
    arrivals = ingest.table("arrivals").set_index("flight_id")
    answered = examples[examples.minutes_late.notna()]
    assert len(answered) > 0.95 * len(examples)
    assert (answered.minutes_late == arrivals.arrival_delay[answered.index]).all()
    assert (answered.arrived_at > answered.event_time).all()


def test_an_airports_history_counts_what_left_before_and_never_the_flight_itself(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    history = table(lake, "origin_history")
    departures = ingest.table("departures")
    for _, row in history.sample(50, random_state=1).iterrows():
        before = departures[
            (departures.origin == row.origin)
            & (departures.event_time >= max(row.event_time - pd.Timedelta(minutes=30), pd.Timestamp(DAY[0], tz="UTC")))
            & (departures.event_time < row.event_time)
        ]
        assert row.origin_left_30m == len(before)


def test_a_route_keeps_the_mean_of_what_its_last_five_flights_lost(lake: duckdb.DuckDBPyConnection) -> None:
    history = table(lake, "route_history").sort_values("event_time")
    last = history[history.route == "JFK-LAX"].iloc[-1]
    arrivals = ingest.table("arrivals")
    flown = arrivals[
        (arrivals.origin == "JFK") & (arrivals.destination == "LAX") & (arrivals.event_time <= last.event_time)
    ].tail(5)
    assert last.route_change_5 == pytest.approx((flown.arrival_delay - flown.departure_delay).mean())
    assert last.route_air_time_5 == pytest.approx(flown.air_time.mean())
