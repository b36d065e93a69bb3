"""palmerpenguins as event streams: what biologists at Palmer Station, Antarctica, wrote down in three summers.

The package's raw table has a row for each bird. Every row of a stream is fully known at its ``event_time`` (UTC), so
that "what was known at t" is ``event_time <= t``. The table holds days without hours, so two moments are agreed upon:

- ``penguin_measurements``: a bird was measured at noon of the day on which its nest was seen with one egg;
- ``penguin_species``: its species is in the station's sheet at the end of that day.

Data: Gorman KB, Williams TD, Fraser WR (2014), PLoS ONE 9(3): e90081; CC0.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as resources

import pandas as pd

from agreements import prefixes
from workloads.loading import Questions, RawFile, parquet

TRAINING = ("2007-11-01", "2009-11-23")
ASKED = ("2009-11-23T00:00:00+00:00", "2009-12-02T00:00:00+00:00")
_MEASURES = {
    "Culmen Length (mm)": "culmen_length",
    "Culmen Depth (mm)": "culmen_depth",
    "Flipper Length (mm)": "flipper_length",
    "Body Mass (g)": "body_mass",
}


def files() -> Iterator[RawFile]:
    """Make the raw files of the training data: one a summer and stream."""
    until = pd.Timestamp(TRAINING[1], tz="UTC")
    for source, rows in _tables().items():
        known = rows[rows.event_time < until]
        for year, summer in known.groupby(known.event_time.dt.year):
            yield RawFile(source, f"{prefixes.source(source)}{year}.parquet", parquet(summer), len(summer))


def questions() -> Questions:
    """Return the penguins that were measured after the training data."""
    return Questions(*ASKED, "penguins of late November and early December 2009", dict(_tables()))


def table(source: str) -> pd.DataFrame:
    """Return all rows of one stream, ordered by event time and bird."""
    return _tables()[source].copy()


@cache
def _tables() -> dict[str, pd.DataFrame]:
    # The package's own loaders leave out the dates, or read the same file.
    birds = pd.read_csv(io.StringIO((resources("palmerpenguins") / "data/penguins-raw.csv").read_text("utf-8")))
    day = pd.to_datetime(birds["Date Egg"], utc=True)
    name = birds["Species"].str.split().str[0]
    # A nest's number is given again in another colony and in another summer.
    identity = birds["Individual ID"] + "-" + birds["Island"] + "-" + birds["Date Egg"]
    measured = pd.DataFrame(
        {
            "event_time": day + pd.Timedelta(hours=12),
            "bird_id": identity,
            "island": birds["Island"],
            **{column: birds[given].astype("float64") for given, column in _MEASURES.items()},
            "sex": birds["Sex"].str.lower(),
        }
    )
    named = pd.DataFrame(
        {"event_time": day + pd.Timedelta(days=1), "bird_id": identity, "island": birds["Island"], "species": name}
    )
    return {"penguin_measurements": _ordered(measured), "penguin_species": _ordered(named)}


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["event_time", "bird_id"], kind="stable", ignore_index=True)
    rows["event_time"] = rows.event_time.dt.as_unit("us")
    return rows
