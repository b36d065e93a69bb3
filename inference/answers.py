"""What a model answers for one row, by the kind of its label: numbers in columns, and what they must be.

=========  ===================================  ==========================================
label      columns                              must
=========  ===================================  ==========================================
boolean    ``probability``                      be from 0 to 1
category   ``probability_<category>``, each     be from 0 to 1, and sum to 1 in a row
number     ``value``, ``quantile_<q>``, each    be finite, in the label's range; quantiles grow
=========  ===================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workloads.spec import LabelType, Workload

SUM_TOLERANCE = 1e-6
Answers = npt.NDArray[np.float64]
_Rules = list[tuple[Any, str]]  # which rows break it, as booleans of shape (n_samples,)


@dataclass(frozen=True)
class AnswerForm:
    """The form of a model's answers.

    Attributes
    ----------
    type : LabelType
        Kind of the label.
    categories : tuple of str
        Of a category, in the order of their codes and columns.
    quantiles : tuple of float
        Of a number, growing.
    range : tuple of float
        Of a number: smallest and largest possible value, None for no bound.
    """

    type: LabelType = LabelType.BOOLEAN
    categories: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    range: tuple[float | None, float | None] = (None, None)

    @classmethod
    def of(cls, workload: Workload) -> AnswerForm:
        """Derive the form from a workload's label."""
        label = workload.label
        return cls(label.type, label.categories or (), label.quantiles or (), label.range or (None, None))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers of one answer."""
        if self.type is LabelType.BOOLEAN:
            return ("probability",)
        if self.type is LabelType.CATEGORY:
            return tuple(f"probability_{category}" for category in self.categories)
        return ("value", *(f"quantile_{quantile}" for quantile in self.quantiles))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes; none where the label is a number."""
        return ("false", "true") if self.type is LabelType.BOOLEAN else self.categories

    def prior(self, prior: float | Mapping[str, float]) -> tuple[float, ...]:
        """Return a workload's prior as one answer."""
        if isinstance(prior, Mapping):
            return tuple(prior[category] for category in self.categories)
        return (prior,) * len(self.columns)

    def label(self, answer: Sequence[float], threshold: float) -> bool | str | float:
        """Return the label that an answer names: the likeliest category, the first of those that are alike.

        Parameters
        ----------
        answer : sequence of float of shape (n_columns,)
        threshold : float
            Probability from which a boolean label is true.
        """
        if self.type is LabelType.BOOLEAN:
            return answer[0] >= threshold
        if self.type is LabelType.CATEGORY:
            return self.categories[max(range(len(answer)), key=answer.__getitem__)]
        return answer[0]

    def numbers(self, answer: Sequence[float]) -> dict[str, Any]:
        """Return what stands in JSON beside the label.

        Parameters
        ----------
        answer : sequence of float of shape (n_columns,)
        """
        if self.type is LabelType.BOOLEAN:
            return {"probability": answer[0]}
        if self.type is LabelType.CATEGORY:
            return {"probabilities": dict(zip(self.categories, answer, strict=True))}
        quantiles = {str(quantile): value for quantile, value in zip(self.quantiles, answer[1:], strict=True)}
        return {"quantiles": quantiles} if quantiles else {}

    def takes(self, other: AnswerForm) -> bool:
        """Tell whether answers of another form say the same thing: booleans, the same categories, or numbers."""
        return self.type is other.type and set(self.categories) == set(other.categories)

    def converted(self, answers: Answers, other: AnswerForm) -> Answers:
        """Return answers of another form, which this one `takes`, in this form.

        A quantile that the other form lacks is its value: whoever answers no quantiles is as sure as that.

        Parameters
        ----------
        answers : ndarray of shape (n_samples, n_columns of the other form)
        other : AnswerForm

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
        """
        if self == other:
            return answers
        at = {column: index for index, column in enumerate(other.columns)}
        found = answers[:, [at.get(column, 0) for column in self.columns]]
        if self.type is LabelType.NUMBER:
            found[:, 1:].sort(axis=1)
            return self.clipped(found)
        return found

    def clipped(self, answers: Answers) -> Answers:
        """Return answers with numbers beyond the label's range on its bound."""
        low, high = self.range
        return answers if low is None and high is None else np.clip(answers, low, high)

    def broken(self, answers: Answers) -> tuple[int, str] | None:
        """Find the first row that is no answer.

        Parameters
        ----------
        answers : ndarray of shape (n_samples, n_columns)

        Returns
        -------
        tuple of int and str, or None
            The row's index, and what must hold with what was found.
        """
        for wrong, rule in self._rules(answers):
            rows = np.flatnonzero(wrong)
            if len(rows):
                row = int(rows[0])
                return row, f"{rule}, got {', '.join(f'{value:.9g}' for value in answers[row])}"
        return None

    def _rules(self, answers: Answers) -> _Rules:
        if self.type is not LabelType.NUMBER:
            rules: _Rules = [(~((answers >= 0) & (answers <= 1)).all(axis=1), "A probability must be from 0 to 1")]
            if self.type is LabelType.CATEGORY:
                off = ~np.isclose(answers.sum(axis=1), 1, rtol=0, atol=SUM_TOLERANCE)
                rules.append((off, f"The probabilities of a row must sum to 1 within {SUM_TOLERANCE:g}"))
            return rules
        low, high = self.range
        rules = [(~np.isfinite(answers).all(axis=1), "A value must be finite")]
        if low is not None:
            rules.append(((answers < low).any(axis=1), f"A value must be at least {low:g}"))
        if high is not None:
            rules.append(((answers > high).any(axis=1), f"A value must be at most {high:g}"))
        rules.append(((np.diff(answers[:, 1:], axis=1) < 0).any(axis=1), "The quantiles of a row must grow"))
        return rules

    def as_json(self) -> dict[str, Any]:
        """Return what ``plan.json`` holds."""
        return {
            "type": str(self.type),
            "categories": list(self.categories),
            "quantiles": list(self.quantiles),
            "range": list(self.range),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> AnswerForm:
        """Read what `as_json` wrote."""
        low, high = content["range"]
        return cls(LabelType(content["type"]), tuple(content["categories"]), tuple(content["quantiles"]), (low, high))

    def __str__(self) -> str:
        """What it is, in words."""
        if self.type is LabelType.CATEGORY:
            return f"one of {', '.join(self.categories)}"
        if self.quantiles:
            return f"a number with the quantiles {', '.join(str(quantile) for quantile in self.quantiles)}"
        return f"a {self.type}"


BOOLEAN_ANSWER = AnswerForm()
"""What models answer that were made before labels had a type."""
