"""The workload's SQL, on a day that can be worked out by hand, and what is said of SQL that does not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.training.streams import Streams
from training import features
from training.job import JobError
from workloads.spec import Workload

_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def _at(hour: int, minute: int = 0) -> datetime:
    return datetime(2013, 1, 1, hour, minute, tzinfo=UTC)


def _streams(workload: Workload, **rows: list[dict[str, Any]]) -> Streams:
    streams = {}
    for name, source in workload.sources.items():
        schema = pa.schema([(column, _TYPES[kind]) for column, kind in source.columns.items()])
        streams[name] = pa.Table.from_pylist(rows.get(name, []), schema)
    return streams


def _scheduled(flight: str, at: datetime, tail: str = "N1") -> dict[str, Any]:
    return {
        "event_time": at,
        "flight_id": flight,
        "carrier": "UA",
        "tail_number": tail,
        "origin": "EWR",
        "destination": "BOS",
        "distance": 200,
        "local_date": "2013-01-01",
        "local_minute": 300,
        "scheduled_minutes": 60.0,
    }


def _arrived(flight: str, at: datetime, late: float, tail: str = "N1") -> dict[str, Any]:
    known = {"origin": "EWR", "destination": "BOS", "tail_number": tail, "departure_delay": late - 5.0}
    return {"event_time": at, "flight_id": flight, "arrival_delay": late, **known}


def test_history_is_what_was_known_at_the_scheduled_departure(workload: Workload) -> None:
    streams = _streams(
        workload,
        schedules=[
            _scheduled("left", _at(10)),
            _scheduled("waits", _at(10, 30), "N2"),
            _scheduled("before", _at(11, 29), "N3"),
            _scheduled("asked", _at(11, 30)),
        ],
        departures=[
            {"event_time": _at(10, 10), "flight_id": "left"},
            {"event_time": _at(12, 30), "flight_id": "waits"},
            {"event_time": _at(11, 20), "flight_id": "asked"},  # early, and known before the question is asked
        ],
        arrivals=[_arrived("left", _at(11, 20), 20.0), _arrived("waits", _at(13, 30), 120.0, "N2")],
        weather=[
            {"event_time": _at(11), "origin": "EWR", "wind_speed": 1048.0, "temperature": 40.0},
            {"event_time": _at(12), "origin": "EWR", "wind_speed": 5.0, "temperature": 50.0},
        ],
        planes=[{"event_time": _at(0), "tail_number": "N1", "built": 1999.0, "seats": 100}],
    )
    examples = {row["flight_id"]: row for row in features.compute(workload, streams).examples.to_pylist()}
    asked = examples["asked"]
    # how the airport was a minute before; the one that waits is late by what it has waited so far
    assert asked["origin_delay_2h"] == (10 + 59) / 2
    assert asked["origin_delay_1h"] == 59
    assert asked["origin_waiting_2h"] == 0.5
    assert asked["origin_flights_2h"] == 2
    assert (asked["route_delay_5"], asked["route_late_14d"]) == (20.0, 1.0)
    assert (asked["aircraft_arrival_delay"], asked["aircraft_departure_delay"]) == (20.0, 15.0)
    assert asked["aircraft_minutes_since_arrival"] == 10.0
    assert (asked["aircraft_seats"], asked["aircraft_built"]) == (100, 1999.0)
    assert asked["temperature"] == 40.0
    assert asked["wind_speed"] is None  # no wind blows at 1,048 miles an hour
    assert asked["late"] is None
    assert examples["left"]["late"] is True
    assert examples["left"]["origin_delay_2h"] is None


def test_sql_that_does_not_run_says_where(workload: Workload, tmp_path: Path) -> None:
    (tmp_path / "features.sql").write_text("CREATE VIEW examples AS\nSELECT nothing FROM nowhere;")
    with pytest.raises(JobError, match=r"features\.sql cannot be run: .*nowhere"):
        features.compute(workload.read_from(tmp_path), _streams(workload))
