"""A trial of each kind of label: what differs is which metrics and answers there are."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import trial
from tests.trial.conftest import by
from trial import report
from trial.cache import Cache


def loaded(name: str, folder: Path) -> Path:
    """Write a workload's own data into a folder."""
    for file in importlib.import_module(f"workloads.{name}.ingest").files():
        path = folder / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
    return folder


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> trial.Trial:
    folder = tmp_path_factory.mktemp("penguins")
    return trial.run("penguins", loaded("penguins", folder), cache=Cache(folder / "cache"))


def test_a_category_has_a_probability_for_each_class(penguins: trial.Trial) -> None:
    columns = [column for column in map(str, penguins.scores) if column.startswith("probability_")]
    assert columns == ["probability_Adelie", "probability_Chinstrap", "probability_Gentoo"]
    assert penguins.scores[columns].sum(axis=1).to_numpy() == pytest.approx(1)
    metrics = by(penguins.metrics, "metric")
    assert 0.9 < metrics["balanced_accuracy"]["value"] <= 1
    assert penguins.importance.attrs["metric"] == "log_loss"
    assert penguins.passed


def test_a_number_has_a_value_and_quantiles(january: Path, tmp_path: Path) -> None:
    found = trial.run("delays", january, cache=Cache(tmp_path))
    low, value, high = (found.scores[name] for name in ("quantile_0.1", "value", "quantile_0.9"))
    assert (low <= high).all()
    metrics = by(found.metrics, "metric")
    errors = (value - found.scores[found.workload.label.name]).abs()
    assert metrics["mean_absolute_error"]["value"] == pytest.approx(errors.mean())
    assert found.importance.to_dict("records")[0]["importance"] > 1  # minute
    assert any("mean_absolute_error" in line and "at most" in line for line in report.lines(found))
