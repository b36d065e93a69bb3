"""A model on the hold-out: fitted, asked, measured and held against the gates by the jobs' own functions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from inference import plan
from inference.answers import AnswerForm
from inference.plan import Model
from training import dataset, labels, train
from training.prepare import Prepared
from trial import importance
from workloads.metrics import METRICS, of_label
from workloads.spec import Workload


@dataclass(frozen=True)
class Judged:
    """What a model is worth.

    Attributes
    ----------
    digest : str
        Of the model, as the training job would write it.
    scores, metrics, importance : DataFrame
        See `trial.running.Trial`.
    broken : list of str
        The gates that it does not pass.
    """

    digest: str
    scores: pd.DataFrame
    metrics: pd.DataFrame
    importance: pd.DataFrame
    broken: list[str]


def judge(workload: Workload, prepared: Prepared, step: Callable[[str], AbstractContextManager[None]]) -> Judged:
    """Fit the workload's estimator on the training part, and measure it on the hold-out."""
    with step("train"):
        examples = prepared.parts[dataset.TRAINING].to_pandas()
        how, estimator = train.fit(workload, examples, workload.estimator.parameters)
        with tempfile.TemporaryDirectory() as folder:
            digest = plan.save(Path(folder), workload, how, estimator)
    # scikit-learn comes with the estimator, in the time of training
    from training import evaluate, metrics  # noqa: PLC0415

    model = Model(digest, how, estimator, workload)
    asked, known = prepared.parts[dataset.HOLDOUT].to_pandas(), prepared.parts[dataset.LABELS].to_pandas()
    truth = labels.encoded(workload, known)
    records = [str(record) for record in asked[workload.examples.record_id]]
    with step("evaluate"):
        columns = dataset.columns(workload, asked)
        answers = evaluate.accepted(workload, model.answers(columns), records)
        measured = metrics.measure(workload, truth, answers)
        broken = evaluate.broken_gates(workload, measured, None)
    name = main_metric(workload)
    metric = METRICS[name]

    def loss(rows: npt.NDArray[np.int64], found: Any) -> float:
        return -metric.gain(metrics.value(metric, workload, truth[rows], found), 0.0)

    with step("importance"):
        important = importance.permutation(columns, model.answers, loss)
    important.attrs |= {"metric": name, "rows": min(importance.ROWS, len(asked))}
    scores = pd.DataFrame({name: known[name] for name in (workload.examples.record_id, workload.label.name)})
    scores[list(AnswerForm.of(workload).columns)] = answers
    return Judged(digest, scores, table(workload, measured), important, broken)


def main_metric(workload: Workload) -> str:
    """Return the metric that models are compared by, or else the first of those with a gate that have a better side."""
    known = (*workload.gates.named, *of_label(workload.label.type))
    return next(name for name in known if METRICS[name].better != "neither")


def table(workload: Workload, metrics: Mapping[str, float]) -> pd.DataFrame:
    """Put metrics beside their limits: ``metric``, ``value``, ``minimum``, ``maximum``, ``passes``."""
    rows = []
    for name, value in metrics.items():
        bound = workload.gates.metrics.get(name)
        low, high = (bound.minimum, bound.maximum) if bound else (None, None)
        passes = (low is None or value >= low) and (high is None or value <= high)
        rows.append((name, value, low, high, passes))
    return pd.DataFrame(rows, columns=["metric", "value", "minimum", "maximum", "passes"])


def holdout(workload: Workload, prepared: Prepared) -> pd.DataFrame:
    """Put the hold-out's features and labels together again."""
    features = prepared.parts[dataset.HOLDOUT].to_pandas()
    labels = prepared.parts[dataset.LABELS].to_pandas()
    together: pd.DataFrame = labels.join(features[list(workload.features)])
    return together
