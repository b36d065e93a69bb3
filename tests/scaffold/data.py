"""Folders of data as somebody else has them: made by code, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_diabetes, load_wine

_START = pd.Timestamp("2024-01-01", tz="UTC")


def wines(folder: Path) -> Path:
    """Write scikit-learn's wines as CSV: one table in two files, with a date of tasting and gaps that say NA."""
    table, cultivar = load_wine(return_X_y=True, as_frame=True)
    chance = np.random.default_rng(1)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(chance.permutation(len(table)), unit="D")
    table.insert(0, "Sample", [f"W-{number:03}" for number in range(len(table))])
    table["Tasted On"] = pd.Series(days).dt.strftime("%Y-%m-%d")
    table["Cultivar"] = [f"vine {kind}" for kind in cultivar]
    table.loc[chance.random(len(table)) < 0.1, "hue"] = np.nan
    folder.mkdir(parents=True)
    half = len(table) // 2
    table[:half].to_csv(folder / "wines-1.csv", index=False, na_rep="NA")
    table[half:].to_csv(folder / "wines-2.csv", index=False, na_rep="NA")
    return folder


def patients(folder: Path) -> Path:
    """Write scikit-learn's patients as one CSV file: a number to predict, no identifier, naive times."""
    table, progression = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    hours = np.random.default_rng(2).permutation(len(table)) * 7
    table["visit"] = (pd.Timestamp("2021-01-01 08:00") + pd.to_timedelta(hours, unit="h")).strftime("%Y-%m-%d %H:%M:%S")
    table["progression"] = progression
    folder.mkdir(parents=True)
    table.to_csv(folder / "diabetes-2021.csv", index=False)
    return folder


def bikes(folder: Path, rides: int = 3000) -> Path:
    """Write rides as nested Parquet partitions with messy names, nulls and epochs, and stations' logs as JSON Lines."""
    chance = np.random.default_rng(3)
    length = 120 * 86_400
    at = np.sort(chance.integers(0, length, rides)) + int(_START.timestamp())
    station = chance.integers(1, 30, rides)
    crowded = {one: chance.normal() for one in range(1, 30)}
    rain, distance = chance.random(rides) < 0.3, np.round(chance.gamma(2, 1.5, rides), 2)
    strain = distance / 3 + rain + np.array([crowded[one] for one in station]) + chance.normal(0, 0.7, rides)
    table = pd.DataFrame(
        {
            "Ride ID": [f"r{number:05}" for number in range(rides)],
            "Started At": at * 1000,
            "Returned At": (at + 600) * 1000,
            "STATION": station,
            "Distance (km)": distance,
            "RAIN": np.where(rain, "wet", "dry"),
            "Member Type": pd.Series(chance.choice(["annual", "day", ""], rides, p=[0.6, 0.3, 0.1])).replace("", None),
            "Wind Speed": np.where(chance.random(rides) < 0.1, np.nan, np.round(chance.random(rides) * 20, 1)),
            "Country": "NL",
            "Remark": [
                f"the rider of ride {number} had this and that to say about the bike" for number in range(rides)
            ],
            "2nd Sensor": 1,
            "Returned Late": strain > 1.6,
        }
    )
    months = pd.to_datetime(at, unit="s").month
    for month in sorted(set(months)):
        part = folder / "Bike Rides" / "year=2024" / f"month={month:02}"
        part.mkdir(parents=True)
        pq.write_table(pa.Table.from_pandas(table[months == month], preserve_index=False), part / "part-0.parquet")
        (part / "_SUCCESS").touch()
    logs = 2000
    logged = chance.integers(1, 30, logs)
    docks = [int(10 + 4 * crowded[one] + chance.normal()) for one in logged]
    log = pd.DataFrame({"Station": logged, "logged_at": at[0] + chance.integers(0, length, logs), "Free Docks": docks})
    (folder / "station-log").mkdir()
    log.to_json(folder / "station-log" / "log.jsonl", orient="records", lines=True)
    return folder


def csv(folder: Path, **columns: Sequence[object]) -> Path:
    """Write one CSV file ``rows.csv`` of these columns."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(folder / "rows.csv", index=False)
    return folder
