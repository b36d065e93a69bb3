"""SQL that looks ahead is refused on real data, with the view, the column, a row and both values."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.training.proof.conftest import END
from tests.training.streams import Streams, known_at
from training import features, prepare
from training.features import Features
from training.proof import later
from workloads import spec
from workloads.problems import ProblemsError
from workloads.spec import Workload

START = datetime(2013, 1, 1, tzinfo=UTC)

LEAKS = {
    "a window with a row that follows": (
        ("ROWS BETWEEN 4 PRECEDING AND CURRENT ROW", "ROWS BETWEEN 4 PRECEDING AND 1 FOLLOWING"),
        "route_history.route_delay_5",
    ),
    "the next observation": (
        ("weather.event_time <= schedules.event_time", "weather.event_time >= schedules.event_time"),
        "examples.temperature",
    ),
    "how long a flight that waits will wait": (
        ("least(by_hour.departed, instants.event_time)", "by_hour.departed"),
        "origin_history.origin_delay_2h",
    ),
    "a mean of all rows": (
        (
            "schedules.scheduled_minutes,",
            "schedules.scheduled_minutes - avg(scheduled_minutes) OVER () + 200 AS scheduled_minutes,",
        ),
        "examples.scheduled_minutes",
    ),
    "a count of all rows": (
        ("schedules.distance,", "count(*) OVER (PARTITION BY schedules.origin) AS distance,"),
        "examples.distance",
    ),
    "what is known with the answer": (
        ("    weather.humidity,", "    arrivals.air_time AS humidity,"),
        "examples.humidity",
    ),
    "a history of newest rows alone": (
        (
            "PARTITION BY arrivals.tail_number, arrivals.event_time ORDER BY arrivals.flight_id DESC",
            "PARTITION BY arrivals.tail_number ORDER BY arrivals.event_time DESC, arrivals.flight_id DESC",
        ),
        "aircraft_history.tail_number",
    ),
    "questions that are there once they are answered": (
        ("LEFT JOIN arrivals ON", "JOIN arrivals ON"),
        "examples.flight_id",
    ),
    "an answer that is said to be known earlier than it is": (
        ("arrivals.event_time AS arrived_at", "arrivals.event_time - INTERVAL 20 MINUTE AS arrived_at"),
        "examples.late",
    ),
}


def changed(folder: Path, *change: tuple[str, str]) -> Path:
    """Copy the reference workload with another SQL."""
    shutil.copytree(spec.folder("flights"), folder / "flights")
    script = folder / "flights" / "features.sql"
    text = script.read_text("utf-8")
    for old, new in change:
        assert old in text
        text = text.replace(old, new)
    script.write_text(text, "utf-8")
    return folder / "flights"


@pytest.mark.parametrize("leak", LEAKS)
def test_what_looks_ahead_is_refused(twelve_days: Streams, tmp_path: Path, leak: str) -> None:
    change, field = LEAKS[leak]
    folder = changed(tmp_path, change)
    with pytest.raises(ProblemsError) as refused:
        prepare.build(spec.load(folder / "workload.yaml"), twelve_days, START, END)
    found = {problem.field: problem for problem in refused.value.problems}
    assert field in found
    assert "when later rows are taken away" in found[field].rule
    assert found[field].place.startswith("features.sql:")
    assert " without them" in str(found[field].value)
    assert str(found[field]).endswith(".")


def test_the_first_problem_names_a_row_and_both_values(twelve_days: Streams, tmp_path: Path) -> None:
    folder = changed(tmp_path, LEAKS["what is known with the answer"][0])
    with pytest.raises(ProblemsError) as refused:
        prepare.build(spec.load(folder / "workload.yaml"), twelve_days, START, END)
    (problem, *_) = refused.value.problems
    flight, _, rest = str(problem.value).partition(" at ")
    assert flight in twelve_days["arrivals"]["flight_id"].to_pylist()
    air_time = dict(
        zip(*(twelve_days["arrivals"][name].to_pylist() for name in ("flight_id", "air_time")), strict=True)
    )
    assert rest.endswith(f": {air_time[flight]:g}, and null without them")


def test_the_reference_workload_looks_ahead_nowhere(
    workload: Workload, january: Streams, january_features: Features
) -> None:
    assert later.problems(workload, january, january_features) == []


def test_history_is_there_to_be_leaked(workload: Workload, january_features: Features) -> None:
    examples = january_features.examples.to_pandas()
    old = examples[examples.event_time >= pd.Timestamp("2013-01-06", tz="UTC")]
    for name in workload.features:
        if workload.features[name].source != spec.REQUEST:
            assert np.mean(old[name].notna()) > 0.75, name


def test_a_row_of_the_question_s_own_moment_is_not_joined_to_it(workload: Workload, january: Streams) -> None:
    """Such a row is made of the flight itself; when the question is asked it is not in the feature store."""
    moment = datetime(2013, 1, 6, 12, tzinfo=UTC)
    before = known_at(january, moment)
    asked = before["schedules"].slice(0, 1).to_pylist()[0]
    moved = {**asked, "event_time": moment, "flight_id": "asked"}
    arrival = {
        "event_time": moment,
        "flight_id": "another",
        "tail_number": asked["tail_number"],
        "arrival_delay": 999.0,
    }
    streams = {
        **before,
        "schedules": pa.concat_tables([before["schedules"], pa.Table.from_pylist([moved], before["schedules"].schema)]),
        "arrivals": pa.concat_tables([before["arrivals"], pa.Table.from_pylist([arrival], before["arrivals"].schema)]),
    }
    rows = {row["flight_id"]: row for row in features.compute(workload, streams).examples.to_pylist()}
    assert rows["asked"]["aircraft_arrival_delay"] not in (None, 999.0)
    assert rows["asked"]["aircraft_minutes_since_arrival"] > 0


def test_what_is_asked_is_answered_as_training_saw_it(
    workload: Workload, january: Streams, january_features: Features
) -> None:
    """A caller reads the newest rows that the feature store has when the question is asked: those of earlier events."""
    joined = {row["flight_id"]: row for row in january_features.examples.to_pylist()}
    moment = january_features.examples["event_time"][15_000].as_py()
    stored = features.compute(workload, known_at(january, moment - timedelta(microseconds=1))).histories
    newest = {
        name: {row[entity.record_identifier]: row for row in stored[name].to_pylist()}
        for name, entity in workload.entities.items()
    }
    asked = [row for row in known_at(january, moment)["schedules"].to_pylist() if row["event_time"] == moment]
    assert asked
    for flight in asked:
        keys = {**flight, "route": f"{flight['origin']}-{flight['destination']}"}
        for name, entity in workload.entities.items():
            row = newest[name].get(keys[entity.record_identifier], {})
            for feature in workload.stored_features(name):
                assert joined[flight["flight_id"]][feature] == pytest.approx(row.get(feature)), feature
