"""The metrics that gates may name: for which labels, which way is better, and what they can be.

They are scikit-learn's scorers by their own names; an error goes by its name without ``neg_``, and is better when it is
lower. Nothing here imports scikit-learn: settings and editors read this table too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workloads.kinds import LabelType

_BINARY = frozenset({LabelType.BOOLEAN})
_CLASSES = frozenset({LabelType.BOOLEAN, LabelType.CATEGORY})
_CATEGORY = frozenset({LabelType.CATEGORY})
_NUMBER = frozenset({LabelType.NUMBER})


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric.

    Attributes
    ----------
    label_types : frozenset of LabelType
        What labels it is a metric of.
    better : str
        ``higher``, ``lower``, or ``neither`` where it has a right value and is wrong on either side.
    bounds : tuple of float
        Smallest and largest value that it can have.
    function : str
        Name of a function of `sklearn.metrics`; of the quantiles' metrics, of one in `training.metrics`.
    of : str
        What the function compares with the labels: ``probabilities``, ``decisions`` (the label that the answer names),
        ``values`` or ``quantiles``.
    arguments : mapping
        Further keyword arguments of the function.
    asked_for : bool
        Whether it is measured only where a gate names it, because it says something of some labels alone.
    """

    label_types: frozenset[LabelType]
    better: Literal["higher", "lower", "neither"] = "higher"
    bounds: tuple[float, float] = (0.0, 1.0)
    function: str
    of: Literal["probabilities", "decisions", "values", "quantiles"] = "decisions"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    asked_for: bool = False

    @property
    def guard(self) -> str:
        """The bound that a gate must have: ``minimum`` or ``maximum``; either will do where it is empty."""
        return {"higher": "minimum", "lower": "maximum", "neither": ""}[self.better]

    def gain(self, value: float, other: float) -> float:
        """Return by how much a value is better than another one; negative where it is worse."""
        return other - value if self.better == "lower" else value - other


def _error(function: str, *, asked_for: bool = False) -> Metric:
    return Metric(
        label_types=_NUMBER, better="lower", bounds=(0.0, math.inf), function=function, of="values", asked_for=asked_for
    )


def _averaged(function: str, average: str) -> Metric:
    arguments = {"average": average, "zero_division": 0.0}
    return Metric(label_types=_CATEGORY, function=function, arguments=arguments)


def _ranking(**arguments: Any) -> Metric:
    return Metric(label_types=_CATEGORY, function="roc_auc_score", of="probabilities", arguments=arguments)


METRICS: Mapping[str, Metric] = {
    "roc_auc": Metric(label_types=_BINARY, function="roc_auc_score", of="probabilities"),
    "average_precision": Metric(label_types=_BINARY, function="average_precision_score", of="probabilities"),
    "precision": Metric(label_types=_BINARY, function="precision_score", arguments={"zero_division": 0.0}),
    "recall": Metric(label_types=_BINARY, function="recall_score", arguments={"zero_division": 0.0}),
    "f1": Metric(label_types=_BINARY, function="f1_score", arguments={"zero_division": 0.0}),
    "accuracy": Metric(label_types=_CLASSES, function="accuracy_score"),
    "balanced_accuracy": Metric(label_types=_CLASSES, function="balanced_accuracy_score"),
    "matthews_corrcoef": Metric(label_types=_CLASSES, bounds=(-1.0, 1.0), function="matthews_corrcoef"),
    "precision_macro": _averaged("precision_score", "macro"),
    "recall_macro": _averaged("recall_score", "macro"),
    "f1_macro": _averaged("f1_score", "macro"),
    "f1_weighted": _averaged("f1_score", "weighted"),
    "roc_auc_ovr": _ranking(multi_class="ovr", average="macro"),
    "roc_auc_ovo": _ranking(multi_class="ovo", average="macro"),
    # of several classes scikit-learn's Brier score is the sum over them, from 0 to 2; halved it is from 0 to 1 for both
    "brier_score": Metric(
        label_types=_CLASSES,
        better="lower",
        function="brier_score_loss",
        of="probabilities",
        arguments={"scale_by_half": True},
    ),
    "log_loss": Metric(
        label_types=_CLASSES, better="lower", bounds=(0.0, math.inf), function="log_loss", of="probabilities"
    ),
    "r2": Metric(label_types=_NUMBER, bounds=(-math.inf, 1.0), function="r2_score", of="values"),
    "explained_variance": Metric(
        label_types=_NUMBER, bounds=(-math.inf, 1.0), function="explained_variance_score", of="values"
    ),
    "mean_absolute_error": _error("mean_absolute_error"),
    "median_absolute_error": _error("median_absolute_error"),
    "root_mean_squared_error": _error("root_mean_squared_error"),
    "mean_squared_error": _error("mean_squared_error"),
    # divides by the label: one that is 0 makes it some 1e15, whatever the model
    "mean_absolute_percentage_error": _error("mean_absolute_percentage_error", asked_for=True),
    "max_error": _error("max_error"),
    "mean_pinball_loss": Metric(
        label_types=_NUMBER,
        better="lower",
        bounds=(0.0, math.inf),
        function="mean_pinball_loss",
        of="quantiles",
    ),
    # share of labels between the lowest and the highest quantile: of 0.1 and 0.9 it should be 0.8
    "interval_coverage": Metric(label_types=_NUMBER, better="neither", function="interval_coverage", of="quantiles"),
}


def of_label(kind: LabelType, *, quantiles: bool = True) -> dict[str, Metric]:
    """Return the metrics of a type of label by name.

    Parameters
    ----------
    kind : LabelType
        The label's type.
    quantiles : bool
        Whether the model answers quantiles too.
    """
    return {
        name: metric
        for name, metric in METRICS.items()
        if kind in metric.label_types and (quantiles or metric.of != "quantiles")
    }
