"""A feature that is the answer is refused, in whatever form it comes; one that is only good is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from training.dataset import Split
from training.proof import alone
from workloads import spec
from workloads.spec import Workload

ROWS = 4_000
RANDOM = np.random.default_rng(2013)
TRUTH = RANDOM.random(ROWS) < 0.05
VALUE = np.exp(RANDOM.normal(size=ROWS))  # a few are very large
Array = npt.NDArray[Any]


def _parts(workload: Workload, label: Array, **columns: Array) -> Split:
    """Split rows of chance in two, with some columns of a test's own."""
    start = datetime(2013, 1, 1, tzinfo=UTC)
    content: dict[str, Any] = {
        "flight_id": [str(row) for row in range(ROWS)],
        "event_time": [start + timedelta(minutes=row) for row in range(ROWS)],
        "late": label,
        **{name: RANDOM.random(ROWS) for name in workload.features},
        "carrier": RANDOM.choice(["AA", "UA", "WN"], ROWS),
        "origin": RANDOM.choice(["EWR", "JFK"], ROWS),
        "destination": RANDOM.choice(["BOS", "SFO"], ROWS),
        **columns,
    }
    table = pa.table(content)
    return Split(table.slice(0, ROWS * 4 // 5), table.slice(ROWS * 4 // 5))


def _found(workload: Workload, parts: Split) -> list[str]:
    return [problem.field for problem in alone.problems(workload, parts)]


def _of(workload: Workload, kind: str, categories: tuple[str, ...] | None = None) -> Workload:
    label = workload.label.model_copy(update={"type": spec.LabelType(kind), "categories": categories})
    return workload.model_copy(update={"label": label})


def test_a_boolean_is_found_in_every_form(workload: Workload) -> None:
    parts = _parts(
        workload,
        TRUTH,
        distance=np.where(TRUTH, 7, 3),
        humidity=np.where(TRUTH, RANDOM.uniform(2, 3, ROWS), RANDOM.uniform(4, 5, ROWS)),
        temperature=np.where(TRUTH, np.nan, VALUE),
        wind_speed=np.where(TRUTH, 20 + RANDOM.random(ROWS), RANDOM.choice([0.0, 50.0], ROWS)),
        carrier=np.where(TRUTH, "WN", RANDOM.choice(["AA", "UA"], ROWS)),
    )
    wanted = {"distance", "humidity", "temperature", "wind_speed", "carrier"}
    assert set(_found(workload, parts)) == {f"features.{name}" for name in wanted}


def test_what_is_only_good_is_no_leak(workload: Workload) -> None:
    noise = RANDOM.normal(scale=0.4, size=ROWS)
    assert _found(workload, _parts(workload, TRUTH, distance=TRUTH + noise)) == []
    assert _found(_of(workload, "number"), _parts(workload, VALUE, distance=VALUE * (1 + 0.1 * noise))) == []


@pytest.mark.parametrize(
    "form", [lambda value: 3 * value + 1, lambda value: -np.log(value), lambda value: value.round(3)]
)
def test_a_number_is_found_in_every_form(workload: Workload, form: Callable[[Array], Array]) -> None:
    found = _found(_of(workload, "number"), _parts(workload, VALUE, humidity=form(VALUE)))
    assert found == ["features.humidity"]


def test_a_number_that_a_category_tells_is_found(workload: Workload) -> None:
    """No order says anything here: each value of the label has a name of its own."""
    label = RANDOM.choice([1.0, 5.0, 2.0], ROWS)
    names = np.select([label == 1.0, label == 5.0], ["EWR", "JFK"], "LGA")
    assert _found(_of(workload, "number"), _parts(workload, label, origin=names)) == ["features.origin"]


def test_a_category_is_found_only_where_every_one_of_it_is_told_apart(workload: Workload) -> None:
    label = RANDOM.choice(["a", "b", "c"], ROWS)
    codes = np.select([label == "a", label == "b"], [2.0, 9.0], 4.0)
    only_a = np.where(label == "a", 1.0, 0.0)
    kind = _of(workload, "category", ("a", "b", "c"))
    assert _found(kind, _parts(workload, label, humidity=codes, pressure=only_a)) == ["features.humidity"]


def test_what_the_file_allows_is_allowed(workload: Workload) -> None:
    parts = _parts(workload, TRUTH, distance=np.where(TRUTH, 7, 3))
    feature = workload.features["distance"].model_copy(update={"allow_perfect": "The rule is known; we test the road."})
    allowed = workload.model_copy(update={"features": {**workload.features, "distance": feature}})
    assert _found(workload, parts) == ["features.distance"]
    assert _found(allowed, parts) == []


def test_the_problem_says_where_and_how_well(workload: Workload) -> None:
    (problem,) = alone.problems(workload, _parts(workload, TRUTH, distance=TRUTH * 2))
    said = str(problem)
    assert said.startswith("features.sql:")
    assert "features.distance must not answer the question alone (ROC AUC below 0.999)" in said
    assert "1.00000 for late" in said
    assert "`allow_perfect`" in said
