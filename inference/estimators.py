"""What a model asks: scikit-learn's interface, regressors with their quantiles, and what stands in before a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inference.answers import AnswerForm
from workloads.spec import LabelType, Workload

Matrix = npt.NDArray[np.float64]


class Classifier(Protocol):
    """What a scikit-learn-compatible classifier offers; it was fitted with codes of classes, or false and true."""

    def predict_proba(self, rows: Matrix) -> Matrix:
        """Return probabilities of the classes, of shape (n_samples, n_classes)."""


class Regressor(Protocol):
    """What a scikit-learn-compatible regressor offers."""

    def predict(self, rows: Matrix) -> Matrix:
        """Return values, of shape (n_samples,)."""


Estimator = Classifier | Regressor


@dataclass(frozen=True)
class WithQuantiles:
    """A regressor, and one more for each quantile that is answered beside its value.

    Attributes
    ----------
    value : Regressor
    quantiles : tuple of Regressor
        In the order of the label's quantiles.
    """

    value: Regressor
    quantiles: tuple[Regressor, ...]

    def predict(self, rows: Matrix) -> Matrix:
        """Return values, of shape (n_samples,)."""
        return self.value.predict(rows)


@dataclass(frozen=True)
class Prior:
    """Answers a constant: what serves before the first model exists.

    Attributes
    ----------
    answer : tuple of float
        The probability of each class, or a value.
    """

    answer: tuple[float, ...]

    def predict_proba(self, rows: Matrix) -> Matrix:
        """Return the prior for every row, of shape (n_samples, n_classes)."""
        return np.tile(self.answer, (len(rows), 1))

    def predict(self, rows: Matrix) -> Matrix:
        """Return the prior for every row, of shape (n_samples,)."""
        return np.full(len(rows), self.answer[0])


def of_prior(workload: Workload) -> Estimator:
    """Return what answers a workload's prior, whatever it is asked."""
    form = AnswerForm.of(workload)
    prior = form.prior(workload.prior)
    if form.type is LabelType.BOOLEAN:
        return Prior((1 - prior[0], prior[0]))
    if form.type is LabelType.CATEGORY:
        return Prior(prior)
    return WithQuantiles(Prior(prior[:1]), tuple(Prior((quantile,)) for quantile in prior[1:]))
