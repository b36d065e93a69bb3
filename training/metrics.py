"""Metrics of answers against labels: what `workloads.metrics` names, computed by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from inference.answers import Answers
from training.labels import Labels
from workloads.metrics import Metric, of_label
from workloads.spec import LabelType, Workload

Metrics = dict[str, float]
_TWO = 2


def measure(workload: Workload, labels: Labels, answers: Answers) -> Metrics:
    """Return every metric of the label's type, by name; some only where a gate names them.

    Parameters
    ----------
    workload : Workload
        Whose label says what the answers are.
    labels : ndarray of shape (n_samples,)
        As `training.dataset.labels` gives them: booleans, codes of categories, or numbers.
    answers : ndarray of shape (n_samples, n_columns)
        See `inference.answers`.
    """
    label = workload.label
    known = of_label(label.type, quantiles=label.quantiles is not None)
    return {
        name: value(metric, workload, labels, answers)
        for name, metric in known.items()
        if not metric.asked_for or name in workload.gates.named
    }


def value(metric: Metric, workload: Workload, labels: Labels, answers: Answers) -> float:
    """Return one metric; see `measure`."""
    arguments = dict(metric.arguments)
    if metric.of == "quantiles":
        return _OF_QUANTILES[metric.function](workload.label.quantiles or (), labels, answers[:, 1:])
    if metric.of == "values" or (metric.of == "probabilities" and workload.label.type is LabelType.BOOLEAN):
        given = answers[:, 0]
    elif metric.of == "decisions":
        given = decisions(workload, answers)
    elif metric.function == "roc_auc_score" and answers.shape[1] == _TWO:
        given, arguments = answers[:, 1], {}  # scikit-learn takes two classes as a boolean
    else:
        given, arguments["labels"] = answers, np.arange(answers.shape[1])
    return float(_scorer(metric.function)(labels, given, **arguments))


def decisions(workload: Workload, answers: Answers) -> Labels:
    """Return the class that each answer names: booleans, or codes of categories, of shape (n_samples,)."""
    if workload.label.type is LabelType.BOOLEAN:
        return answers[:, 0] >= workload.label.threshold
    return np.asarray(answers.argmax(axis=1))


def _scorer(name: str) -> Callable[..., Any]:
    from sklearn import metrics  # noqa: PLC0415 - a second, which jobs that only read what was measured can spare

    return cast(Callable[..., Any], getattr(metrics, name))


def _mean_pinball_loss(quantiles: Sequence[float], labels: Labels, answers: Answers) -> float:
    loss = _scorer("mean_pinball_loss")
    return float(np.mean([loss(labels, answers[:, at], alpha=quantile) for at, quantile in enumerate(quantiles)]))


def _interval_coverage(_: Sequence[float], labels: Labels, answers: Answers) -> float:
    return float(np.mean((labels >= answers[:, 0]) & (labels <= answers[:, -1])))


_OF_QUANTILES: dict[str, Callable[[Sequence[float], Labels, Answers], float]] = {
    "mean_pinball_loss": _mean_pinball_loss,
    "interval_coverage": _interval_coverage,
}
