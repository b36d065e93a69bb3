"""Delays and penguins, trained on their loaders' data by the jobs' own code: their gates pass, and can fail."""

from __future__ import annotations

import importlib
from typing import cast

import numpy as np
import pytest

import trial
from inference.answers import AnswerForm
from training import evaluate
from training.metrics import measure
from trial.cache import Cache
from workloads.loading import Loader

# How far from each gate a model must be, so that other data of the same kind would pass too.
SLACK = {
    "delays": {"r2": 0.02, "mean_absolute_error": 1.0, "interval_coverage": 0.02},
    "penguins": {"balanced_accuracy": 0.02, "log_loss": 0.05},
}


@pytest.fixture(scope="module", params=sorted(SLACK))
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> trial.Trial:
    """What training made of a workload's data."""
    folder, name = tmp_path_factory.mktemp("lake"), str(request.param)
    loader = cast(Loader, importlib.import_module(f"workloads.{name}.ingest"))
    for file in loader.files():
        (folder / file.key).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.key).write_bytes(file.body)
    return trial.run(name, folder, *loader.TRAINING, cache=Cache(folder / "cache"))


def test_the_check_and_the_gates_pass_with_something_to_spare(tried: trial.Trial) -> None:
    assert tried.violations.empty, tried.violations.to_string()
    assert tried.gates.passed, tried.gates
    print(tried.workload.name, len(tried.training), len(tried.holdout))
    print(tried.metrics.to_string())
    values = tried.metrics.set_index("metric").value
    slack = SLACK[tried.workload.name]
    assert slack.keys() == tried.workload.gates.metrics.keys()
    for name, bound in tried.workload.gates.metrics.items():
        assert bound.minimum is None or values[name] >= bound.minimum + slack[name], name
        assert bound.maximum is None or values[name] <= bound.maximum - slack[name], name


def test_a_model_that_knows_nothing_fails_the_gates(tried: trial.Trial) -> None:
    """The bootstrap model's answers: the declared prior for everybody."""
    workload = tried.workload
    values = tried.holdout[workload.label.name].tolist()
    true = np.array(
        [workload.label.categories.index(value) for value in values] if workload.label.categories else values
    )
    answers = np.tile(AnswerForm.of(workload).prior(workload.prior), (len(true), 1))
    broken = evaluate.broken_gates(workload, measure(workload, true, answers), None)
    assert len(broken) >= 2, broken


def test_no_feature_is_empty_or_constant(tried: trial.Trial) -> None:
    for name in tried.workload.features:
        assert tried.training[name].nunique() > 1, name
        assert tried.training[name].notna().mean() > 0.5, name
