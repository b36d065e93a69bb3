"""No feature sees its own future.

For 1,000 random flights, with t the scheduled departure of each: the event streams are cut off at t, the workload's
SQL runs again on what is left, and every feature of the flight must equal what the point-in-time join over the whole
month gave. One recomputation serves all flights that are scheduled for the very same t, and nothing else is shared.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.streams import Streams, known_at
from training import features
from training.features import Features
from workloads import spec
from workloads.spec import Workload

FLIGHTS = 1_000
# The whole of January stands behind the join; cut-offs in its first days keep the recomputations small.
FIRST, LAST = pd.Timestamp("2013-01-02", tz="UTC"), pd.Timestamp("2013-01-07", tz="UTC")


def _moments(examples: pd.DataFrame, flights: int, seed: int) -> list[datetime]:
    """Draw random flights, and return their scheduled departures until these cover enough flights."""
    asked = examples.event_time[(examples.event_time >= FIRST) & (examples.event_time < LAST)]
    at_once = asked.value_counts()
    moments: dict[pd.Timestamp, int] = {}
    for moment in asked.sample(frac=1, random_state=seed):
        moments[moment] = int(at_once[moment])
        if sum(moments.values()) >= flights:
            break
    return [moment.to_pydatetime() for moment in moments]


def _compared(
    workload: Workload, streams: Streams, made: Features, moments: list[datetime], folder: Path | None = None
) -> tuple[int, dict[str, int]]:
    """Recompute each moment's flights from what was known then; count flights, and differing values by feature."""
    names = list(workload.features)
    joined = made.examples.to_pandas().set_index("flight_id")
    flights, differing = 0, dict.fromkeys(names, 0)
    for moment in moments:
        past = features.compute(workload, known_at(streams, moment), folder).examples.to_pandas()
        past = past[past.event_time == moment].set_index("flight_id")[names]
        whole = joined.loc[past.index, names]
        flights += len(past)
        for name in names:
            same = (past[name] == whole[name]) | (past[name].isna() & whole[name].isna())
            differing[name] += int((~same).sum())
    return flights, {name: count for name, count in differing.items() if count}


def test_features_of_1000_random_flights_are_those_of_the_data_known_at_that_moment(
    workload: Workload, january: Streams, january_features: Features
) -> None:
    moments = _moments(january_features.examples.to_pandas(), FLIGHTS, seed=20130101)
    flights, differing = _compared(workload, january, january_features, moments)
    assert flights >= FLIGHTS
    assert differing == {}


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        (("ROWS BETWEEN 4 PRECEDING AND CURRENT ROW", "ROWS BETWEEN 4 PRECEDING AND 1 FOLLOWING"), "route_delay_5"),
        (("weather.event_time <= schedules.event_time", "weather.event_time >= schedules.event_time"), "temperature"),
        (("least(by_hour.departed, instants.event_time)", "by_hour.departed"), "origin_delay_2h"),
    ],
)
def test_a_feature_that_sees_the_future_is_found(
    workload: Workload, january: Streams, tmp_path: Path, change: tuple[str, str], feature: str
) -> None:
    sql = (spec.folder("flights") / "features.sql").read_text("utf-8")
    assert change[0] in sql
    (tmp_path / "features.sql").write_text(sql.replace(*change), "utf-8")
    streams = known_at(january, (LAST + pd.Timedelta(days=3)).to_pydatetime())
    leaking = features.compute(workload, streams, tmp_path)
    moments = _moments(leaking.examples.to_pandas(), 30, seed=1)
    _, differing = _compared(workload, streams, leaking, moments, tmp_path)
    assert feature in differing


def test_history_is_there_to_be_leaked(workload: Workload, january_features: Features) -> None:
    examples = january_features.examples.to_pandas()
    later = examples[examples.event_time >= pd.Timestamp("2013-01-06", tz="UTC")]
    for name in workload.features:
        if workload.features[name].source != spec.REQUEST:
            assert np.mean(later[name].notna()) > 0.75, name
