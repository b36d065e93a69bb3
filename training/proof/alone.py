"""No single feature may answer the question all but perfectly: that is how an answer looks that is given as a feature.

Each feature alone becomes the simplest model there is, the mean of the label in each of its bins on the training part,
and is measured on both parts. What is real is hardly ever that good; where it is, ``allow_perfect`` says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from training.dataset import Split
from workloads import sql
from workloads.problems import Problem
from workloads.spec import REQUEST, FeatureType, LabelType, Workload

PERFECT = 0.999
"""ROC AUC (of each class against the rest) or R² from which a feature is taken for the answer; 1 is perfect."""
SAME_ORDER = 0.9999
"""Spearman's correlation with a number from which a feature is taken for it, on another scale."""
_MOST_ROWS = 20_000  # of a part that are looked at, spread over it
_MOST_BINS = 256
_ROWS_A_BIN = 20

Numbers = npt.NDArray[np.float64]


def problems(workload: Workload, parts: Split) -> Iterator[Problem]:
    """Find features that are the answer.

    Parameters
    ----------
    workload : Workload
        Whose features and label they are.
    parts : Split
        What is trained on and judged by.
    """
    training, holdout = _sample(parts.training), _sample(parts.holdout)
    targets = [_targets(workload, part) for part in (training, holdout)]
    numeric = workload.label.type is LabelType.NUMBER
    for name, feature in workload.features.items():
        if feature.allow_perfect is not None:
            continue
        columns = [part[name].to_pandas() for part in (training, holdout)]
        counted = feature.type in (FeatureType.INTEGER, FeatureType.NUMBER)
        bins = _number_bins(columns, targets[0], numeric=numeric) if counted else _category_bins(columns)
        answers = _answers(bins[0], targets[0], bins)
        score = min(_score(answer, target, numeric) for answer, target in zip(answers, targets, strict=True))
        limit, metric = PERFECT, "R²" if numeric else "ROC AUC"
        if numeric and counted and score < limit:
            score = min(_order(column, target) for column, target in zip(columns, targets, strict=True))
            limit, metric = SAME_ORDER, "Spearman's correlation"
        if score >= limit:
            view = workload.examples.view if feature.source == REQUEST else workload.entities[feature.source].view
            yield Problem(
                field=f"features.{name}",
                rule=f"not answer the question alone ({metric} below {limit})",
                value=f"{score:.5f} for {workload.label.name}",
                remedy="It is known with the answer, or is the answer: take it from what is known when the question is "
                "asked, or say in `allow_perfect` why it is right.",
                place=sql.place(workload, view, name),
            )


def _sample(part: pa.Table) -> pa.Table:
    step = -(-part.num_rows // _MOST_ROWS) or 1
    return part.take(pa.array(range(0, part.num_rows, step))) if step > 1 else part


def _targets(workload: Workload, part: pa.Table) -> Numbers:
    """Return what is to be predicted, of shape (n_samples, n_targets): numbers, or 1 for each class."""
    values = part[workload.label.name].to_pandas()
    if workload.label.type is not LabelType.CATEGORY:
        numbers: Numbers = values.to_numpy(dtype=np.float64)
        return numbers[:, None]
    return np.column_stack([(values == name).to_numpy(dtype=np.float64) for name in workload.label.classes])


def _category_bins(columns: list[pd.Series[Any]]) -> list[npt.NDArray[np.int64]]:
    """Give each category, and what is missing, a number."""
    codes, _ = pd.factorize(pd.concat(columns))
    return [part + 1 for part in np.split(codes, [len(columns[0])])]


def _number_bins(columns: list[pd.Series[Any]], targets: Numbers, *, numeric: bool) -> list[npt.NDArray[np.int64]]:
    """Cut the range at the ends of each class's numbers and between them; what is missing has a bin of its own."""
    values = [column.to_numpy(dtype=np.float64, na_value=np.nan) for column in columns]
    groups = [np.ones(len(targets), dtype=np.bool_)] if numeric else [column == 1 for column in targets.T]
    groups += [] if numeric or len(groups) > 1 else [~groups[0]]
    edges: list[Numbers] = []
    for group in groups:
        present = values[0][group & ~np.isnan(values[0])]
        if len(present):
            wanted = int(np.clip(len(present) // _ROWS_A_BIN, 1, _MOST_BINS // len(groups)))
            edges.append(np.quantile(present, np.linspace(0, 1, wanted + 1), method="lower"))
            edges.append(np.nextafter(edges[-1][-1:], np.inf))
    every = np.unique(np.concatenate(edges)) if edges else np.empty(0)
    return [np.where(np.isnan(part), 0, 1 + np.searchsorted(every, part, side="right")) for part in values]


def _answers(fitted: npt.NDArray[np.int64], target: Numbers, bins: list[npt.NDArray[np.int64]]) -> list[Numbers]:
    """Answer with the mean of the training part's bin, or of all of it where a bin has no rows."""
    size = 1 + max(int(part.max(initial=0)) for part in bins)
    counts = np.bincount(fitted, minlength=size)
    means = np.column_stack(
        [
            np.where(counts > 0, np.bincount(fitted, column, size) / np.maximum(counts, 1), column.mean())
            for column in target.T
        ]
    )
    return [means[part] for part in bins]


def _score(answers: Numbers, targets: Numbers, numeric: bool) -> float:
    if numeric:
        return _r2(answers[:, 0], targets[:, 0])
    scores = [_auc(answers[:, at], targets[:, at]) for at in range(targets.shape[1])]
    return min((score for score in scores if score is not None), default=0.0)


def _auc(answers: Numbers, target: Numbers) -> float | None:
    """Return the ROC AUC: how often a true example is ranked before a false one; None where there is but one kind."""
    true, false = int(target.sum()), int((1 - target).sum())
    if not true or not false:
        return None
    ranks = pd.Series(answers).rank().to_numpy()
    return float((ranks[target == 1].sum() - true * (true + 1) / 2) / (true * false))


def _r2(answers: Numbers, target: Numbers) -> float:
    spread = float(((target - target.mean()) ** 2).sum())
    return 1 - float(((target - answers) ** 2).sum()) / spread if spread else 0.0


def _order(column: pd.Series[Any], targets: Numbers) -> float:
    """Return Spearman's correlation without its sign: 1 where the feature orders the answers."""
    values = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))
    present = values.notna().to_numpy()
    if present.sum() < max(3, len(values) / 2) or values[present].nunique() < 2:
        return 0.0
    ranks = values[present].rank(), pd.Series(targets[:, 0])[present].rank()
    return abs(float(ranks[0].corr(ranks[1])))
