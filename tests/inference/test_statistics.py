"""Statistics of rows, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inference.statistics import statistics
from workloads.spec import Workload


def test_numbers_and_categories_are_described(workload: Workload) -> None:
    columns: dict[str, list[Any]] = {name: [None] * 4 for name in workload.features}
    columns["origin"] = ["EWR", "EWR", None, "LGA"]
    columns["humidity"] = [10.0, 20.0, np.nan, 60.0]
    described = statistics(workload, columns)
    assert described["dataset"] == {"item_count": 4}
    by_name = {feature["name"]: feature for feature in described["features"]}
    assert list(by_name) == list(workload.features)
    origin = by_name["origin"]["string_statistics"]
    assert origin["common"] == {"num_present": 3, "num_missing": 1}
    assert origin["distribution"]["categorical"]["buckets"] == [
        {"value": "EWR", "count": 2},
        {"value": "JFK", "count": 0},
        {"value": "LGA", "count": 1},
    ]
    humidity = by_name["humidity"]["numerical_statistics"]
    assert (humidity["mean"], humidity["min"], humidity["max"]) == (30.0, 10.0, 60.0)
    assert humidity["std_dev"] == pytest.approx(21.6025, abs=1e-4)
    buckets = humidity["distribution"]["histogram"]["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == 3
    assert (buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (10.0, 60.0)
    assert by_name["pressure"]["numerical_statistics"] == {"common": {"num_present": 0, "num_missing": 4}}
