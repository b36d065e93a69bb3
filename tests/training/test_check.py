"""The data-quality gate finds every violation."""

from __future__ import annotations

import pandas as pd
import pytest

from training.check import violations
from training.features import Features
from workloads.spec import Workload


@pytest.fixture
def examples(january_features: Features) -> pd.DataFrame:
    rows: pd.DataFrame = january_features.examples.to_pandas()
    rows = rows[rows.late.notna()].head(5_000).copy()
    rows["late"] = rows.late.astype(bool)
    return rows


def test_real_flights_pass(workload: Workload, examples: pd.DataFrame) -> None:
    assert violations(workload, examples) == []


def test_every_broken_rule_is_counted_with_examples(workload: Workload, examples: pd.DataFrame) -> None:
    rows = examples.index
    examples.loc[rows[:3], "humidity"] = 250.0
    examples.loc[rows[3], "humidity"] = -1.0
    examples.loc[rows[:2], "carrier"] = "ZZ"
    examples.loc[rows[2], "carrier"] = None
    examples.loc[rows[1], "flight_id"] = examples.loc[rows[0], "flight_id"]
    examples["distance"] = examples.distance.astype(str)
    examples = examples.drop(columns=["pressure"])
    found = sorted(str(violation) for violation in violations(workload, examples))
    distance = examples.distance.drop_duplicates().head(3)
    assert found == [
        "carrier must be one of its categories: broken in 2 rows, such as ZZ",
        "carrier must have a value: broken in 1 rows",
        f"distance must be of type integer, got str: broken in 5000 rows, such as {', '.join(distance)}",
        f"flight_id must be different in every row: broken in 1 rows, such as {examples.flight_id.iloc[0]}",
        "humidity must be at least 0: broken in 1 rows, such as -1.0",
        "humidity must be at most 100: broken in 3 rows, such as 250.0",
        "pressure must be a column of the training set: broken in 5000 rows",
    ]


def test_too_few_rows_and_an_implausible_share_of_late_flights_are_violations(
    workload: Workload, examples: pd.DataFrame
) -> None:
    late = examples[examples.late].head(100)
    found = [str(violation) for violation in violations(workload, late)]
    assert found == [
        "training set must have at least 2000 rows, got 100: broken in 100 rows",
        "late must be true in 0.05 to 0.6 of rows, got 1.000: broken in 100 rows",
    ]
