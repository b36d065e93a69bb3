"""What the reference workload's model is worth on flights that it has never seen."""

from __future__ import annotations

import pickle
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from inference import plan
from tests.training.streams import of_months
from training import dataset, features, train
from training.job import JobError
from training.metrics import measure
from workloads import spec
from workloads.spec import Workload

APRIL = pd.Timestamp("2013-04-01", tz="UTC")


@pytest.fixture(scope="module")
def flights(workload: Workload) -> pd.DataFrame:
    streams = of_months(["2013-01", "2013-02", "2013-03", "2013-04"])
    examples: pd.DataFrame = features.compute(workload, streams).examples.to_pandas()
    answered = examples[examples.late.notna()].copy()
    answered["late"] = answered.late.astype(bool)
    return answered


def table(flights: pd.DataFrame) -> pa.Table:
    """Column by column: of a whole frame pyarrow asks what pandas has deprecated for moments with a time zone."""
    return pa.table({name: pa.array(flights[name].to_numpy(dtype=object), from_pandas=True) for name in flights})


def _auc_in_april(workload: Workload, flights: pd.DataFrame) -> float:
    training = dataset.split(workload, table(flights[flights.arrived_at < APRIL])).training
    how, estimator = train.fit(workload, training.to_pandas(), workload.estimator.parameters)
    april = flights[flights.event_time >= APRIL]
    model = plan.Model("sha256:test", how, estimator, workload)
    answers = model.answers(dataset.columns(workload, april))
    return measure(workload, april.late.to_numpy(dtype=bool), answers)["roc_auc"]


def test_history_tells_more_than_schedule_and_weather(workload: Workload, flights: pd.DataFrame) -> None:
    known_to_caller = {name: workload.features[name] for name in workload.feature_names(spec.REQUEST)}
    without = _auc_in_april(workload.model_copy(update={"features": known_to_caller}), flights)
    assert without < 0.67
    assert _auc_in_april(workload, flights) > 0.75


def test_the_holdout_is_newer_than_every_answer_trained_on(workload: Workload, flights: pd.DataFrame) -> None:
    parts = dataset.split(workload, table(flights))
    training, holdout = parts.training.to_pandas(), parts.holdout.to_pandas()
    assert training.arrived_at.max() < holdout.event_time.min()
    span = flights.event_time.max() - flights.event_time.min()
    assert holdout.event_time.min() >= flights.event_time.max() - span * 0.2


def test_a_holdout_without_both_answers_is_refused(workload: Workload, flights: pd.DataFrame) -> None:
    with pytest.raises(
        JobError, match="hold-out must hold at least 10 examples of both answers of late, got true 0 among"
    ):
        early = flights.event_time < APRIL - pd.Timedelta(days=30)
        dataset.split(workload, table(flights[~flights.late | early]))


@pytest.mark.parametrize("missing", ["keep", "median"])
def test_another_estimator_is_an_import_path_away(workload: Workload, flights: pd.DataFrame, missing: str) -> None:
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "keep": ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 5, "random_state": 1, "max_depth": 8}),
        "median": ("sklearn.naive_bayes.GaussianNB", {"var_smoothing": 1e-3}),
    }
    kind, parameters = kinds[missing]
    changed = {"type": kind, "parameters": parameters, "missing": missing, "categorical_parameter": None}
    other = workload.model_copy(update={"estimator": workload.estimator.model_copy(update=changed)})
    how, estimator = train.fit(other, flights.head(3000), parameters)
    model = plan.Model("sha256:test", how, estimator, other)
    probabilities = model.answers(dataset.columns(other, flights.tail(10)))
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_an_estimator_that_cannot_be_imported_or_made_is_named(workload: Workload, flights: pd.DataFrame) -> None:
    unknown = workload.estimator.model_copy(update={"type": "sklearn.ensemble.Forest"})
    with pytest.raises(
        JobError, match=r"estimator\.type must be importable in the image, got sklearn\.ensemble\.Forest"
    ):
        train.fit(workload.model_copy(update={"estimator": unknown}), flights.head(3000), {})
    with pytest.raises(JobError, match=r"estimator\.parameters must be arguments of .*: .*depth"):
        train.fit(workload, flights.head(3000), {"depth": 3})


def test_two_fits_give_the_same_bytes(workload: Workload, flights: pd.DataFrame) -> None:
    few = flights.head(5_000)
    models = [pickle.dumps(train.fit(workload, few, workload.estimator.parameters)[1]) for _ in range(2)]
    assert models[0] == models[1]
