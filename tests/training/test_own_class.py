"""A class of the workload's own folder, from its training to an endpoint's answer."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inference import plan
from tests import changed
from tests.training.chain import Job
from tests.training.steps import Cloud, succeeded
from training import dataset
from workloads.spec import Workload

CODE = '''\
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from workload.shares import share


class ByColumn(ClassifierMixin, BaseEstimator):
    """Answers how often each value of one column was followed by each class."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, rows, labels):
        self.classes_ = np.unique(labels)
        found = rows[:, self.column]
        self.shares_ = {value: share(labels[found == value]) for value in np.unique(found)}
        return self

    def predict_proba(self, rows):
        late = np.array([self.shares_.get(value, 0.5) for value in rows[:, self.column]])
        return np.column_stack([1 - late, late])
'''
SHARES = "def share(labels):\n    return float(labels.mean())\n"


@pytest.fixture
def own(tmp_path: Path) -> Workload:
    """The flights with an estimator of their own, which has a helper in another module."""

    def change(document: dict[str, Any]) -> None:
        for name in [name for name, one in document["features"].items() if one["type"] == "category"]:
            del document["features"][name]
        weekday = list(document["features"]).index("weekday")
        document["estimator"] = {"type": "workload.by_column.ByColumn", "parameters": {"column": weekday}}

    return changed.flights(tmp_path / "flights", change, by_column__py=CODE, shares__py=SHARES)


def test_it_is_trained_scored_where_nothing_can_be_called_and_served(
    cloud: Cloud, prepared: Job, own: Workload, tmp_path: Path
) -> None:
    environment = {**cloud.chain.environment, "HEADRACE_PIPELINE_EXECUTION": "own-class"}
    chain = replace(cloud.chain, folder=tmp_path / "jobs", environment=environment, workload=own.folder)
    trained = succeeded(chain.training(prepared.output("training")))
    model, holdout = trained.folder / "packed", prepared.output("holdout")
    scored = succeeded(chain.scoring("score", inputs={"model": model, "holdout": holdout}))
    with scored.output("scores", "answers.csv").open(newline="") as lines:
        _, *rows = csv.reader(lines)
    scores = [float(number) for _, number in rows]
    assert len(set(scores)) == 7, "one for each day of the week"
    served = plan.model_fn(trained.folder / "model")
    assert served.workload.estimator.type == "workload.by_column.ByColumn"
    examples = dataset.read(holdout, dataset.HOLDOUT).to_pandas()
    assert served.answers(dataset.columns(served.workload, examples))[:, 0].tolist() == scores


def test_one_that_is_not_there_ends_training_and_is_named(
    cloud: Cloud, prepared: Job, own: Workload, tmp_path: Path
) -> None:
    (own.folder / "by_column.py").unlink()
    environment = {**cloud.chain.environment, "HEADRACE_PIPELINE_EXECUTION": "no-class"}
    chain = replace(cloud.chain, folder=tmp_path / "jobs", environment=environment, workload=own.folder)
    job = chain.training(prepared.output("training"))
    assert job.code == 1
    assert "workload.by_column.ByColumn" in job.reason
