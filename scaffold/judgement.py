"""Hold-out, limits, estimator and gates: a cautious start, from what the data gave."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workloads.metrics import METRICS
from workloads.spec import LabelType

GATED: Mapping[LabelType, tuple[str, ...]] = {
    LabelType.BOOLEAN: ("roc_auc", "log_loss"),
    LabelType.CATEGORY: ("balanced_accuracy", "log_loss"),
    LabelType.NUMBER: ("r2", "mean_absolute_error"),
}
"""The metrics that are gated by the label's kind: one of the order or the classes, one of the size of mistakes."""
_SHARES = (0.2, 0.25, 0.3, 0.15, 0.35, 0.4, 0.1, 0.5)
_BEST_PART = 0.2
_SMALLEST_CLASS = 10


@dataclass(frozen=True)
class Gate:
    """A limit of one metric.

    Attributes
    ----------
    metric, side : str
        Its name, and ``minimum`` or ``maximum``.
    limit : float
        Halfway from `floor` to `reached`; `floor`, where the first model was no better.
    floor, reached : float
        What one answer for everybody gives, and what the first model gave, both on the hold-out.
    """

    metric: str
    side: str
    limit: float
    floor: float
    reached: float

    @property
    def learns(self) -> bool:
        """Whether the first model was better than one answer for everybody."""
        return METRICS[self.metric].gain(self.reached, self.floor) > 0


def gate(metric: str, floor: float, reached: float) -> Gate:
    """Set the limit of a metric between what one answer for everybody and what a first model gave."""
    side = METRICS[metric].guard
    better = METRICS[metric].gain(reached, floor) > 0
    limit = (floor + reached) / 2 if better else floor
    step = 10.0 ** min(-3, math.floor(math.log10(abs(floor - reached) or 1)) - 1)
    if abs(limit) > 1:
        step = max(step, 10.0 ** (math.floor(math.log10(abs(limit))) - 3))
    # rounded towards the one answer for everybody: rounding makes no gate harder
    rounded = (math.floor if side == "minimum" else math.ceil)(limit / step) * step
    return Gate(metric, side, float(f"{rounded:.6g}"), floor, reached)


@dataclass(frozen=True)
class Holdout:
    """The newest part of the examples.

    Attributes
    ----------
    share : float
        Of the time between the first and the last example.
    rows, training : int
        Examples in it, and examples before it whose answer was known when it begins.
    smallest : int
        Examples of its rarest class; all of them, where the label is a number.
    """

    share: float
    rows: int
    training: int
    smallest: int

    @property
    def minimum(self) -> int:
        """The fewest examples of each class that it should have: 10, or what a small set can give."""
        return max(2, min(_SMALLEST_CLASS, self.smallest * 3 // 4))

    @property
    def usable(self) -> bool:
        """Whether something can be trained before it and measured on it."""
        return self.smallest >= 2 and self.training >= 10


def holdout(
    asked: npt.NDArray[np.datetime64], known: npt.NDArray[np.datetime64], classes: npt.NDArray[Any] | None
) -> Holdout:
    """Choose the share of time whose examples are about a fifth of all, with every class on both sides.

    Parameters
    ----------
    asked, known : ndarray of shape (n_samples,)
        When each example was asked, and when its answer became known.
    classes : ndarray of shape (n_samples,), optional
        The class of each; None where the label is a number.
    """
    found = []
    for share in _SHARES:
        begin = asked.max() - (asked.max() - asked.min()) * share
        newest, before = asked >= begin, (asked < begin) & (known < begin)
        smallest = _smallest(newest, before, classes)
        found.append(Holdout(share, int(newest.sum()), int(before.sum()), smallest))
    return min(
        found,
        key=lambda one: (
            not one.usable,
            min(one.smallest, _SMALLEST_CLASS) * -1,
            abs(one.rows / len(asked) - _BEST_PART) > 0.1,
            _SHARES.index(one.share),
        ),
    )


def _smallest(newest: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], classes: npt.NDArray[Any] | None) -> int:
    if classes is None:
        return int(newest.sum())
    kinds = np.unique(classes)
    if not all((classes[before] == kind).any() for kind in kinds):
        return 0
    return min(int((classes[newest] == kind).sum()) for kind in kinds)


def parameters(rows: int) -> dict[str, Any]:
    """Choose the parameters of the gradient boosting for a training part of so many rows."""
    return {
        "learning_rate": 0.1,
        "max_iter": 100,
        "max_leaf_nodes": 15 if rows < 20_000 else 31,
        "min_samples_leaf": max(5, min(50, rows // 50)),
        "random_state": 1,
    }


def share_limits(shares: Sequence[float]) -> tuple[float, float]:
    """Return the plausible share of true: from a half to twice of what was seen, as far as there is room."""
    seen = shares[1]
    return _down(seen / 2), _up(min(seen * 2, 1 - (1 - seen) / 2))


def class_limit(shares: Sequence[float]) -> float:
    """Return the smallest plausible share of every category: half of the rarest one's."""
    return max(_down(min(shares) / 2), 0.0001)


def mean_limits(mean: float, deviation: float) -> tuple[float, float]:
    """Return the plausible mean of a number: as far from the one that was seen as half a standard deviation."""
    return float(f"{mean - deviation / 2:.4g}"), float(f"{mean + deviation / 2:.4g}")


def _down(value: float) -> float:
    return math.floor(value * 1000) / 1000


def _up(value: float) -> float:
    return min(math.ceil(value * 1000) / 1000, 1.0)
