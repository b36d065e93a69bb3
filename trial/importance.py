"""How much worse a model answers when one feature's values are shuffled among the rows of the hold-out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ROWS = 1000
"""Rows of the hold-out that are looked at: enough to see which features matter, few enough for a loop of seconds."""
_REPEATS = 2
_SEED = 2013
_CELLS = 4_000_000  # of one question to the model: 32 MB of numbers

Columns = Mapping[str, Any]


def permutation(
    columns: Columns, answer: Callable[[Columns], Any], loss: Callable[[npt.NDArray[np.int64], Any], float]
) -> pd.DataFrame:
    """Shuffle each feature in turn and measure the loss.

    Parameters
    ----------
    columns : mapping of str to sequence of shape (n_samples,)
        The model's inputs on the hold-out.
    answer : callable
        Gets columns; returns an array with an answer a row.
    loss : callable
        Gets the positions of rows in the hold-out and answers to them; returns how bad these are.

    Returns
    -------
    DataFrame
        ``feature``, ``importance`` (mean rise of the loss) and ``spread`` (half the distance between the repeats), the
        most important first. The same data and model give the same numbers.
    """
    random = np.random.default_rng(_SEED)
    total = len(next(iter(columns.values())))
    rows = np.sort(random.choice(total, min(ROWS, total), replace=False))
    sample = {name: _take(values, rows) for name, values in columns.items()}
    base = loss(rows, answer(sample))
    rises: dict[str, list[float]] = {name: [] for name in sample}
    shuffled = ((name, random.permutation(len(rows))) for name in sample for _ in range(_REPEATS))
    # many shuffled samples are one question, because each question costs milliseconds whatever its length
    for group in _groups(shuffled, max(1, _CELLS // (len(rows) * len(sample)))):
        asked = {
            name: _joined([_take(values, order) if name == which else values for which, order in group])
            for name, values in sample.items()
        }
        answers = answer(asked)
        for number, (name, _) in enumerate(group):
            rises[name].append(loss(rows, answers[number * len(rows) : (number + 1) * len(rows)]) - base)
    table = pd.DataFrame(
        [(name, float(np.mean(found)), (max(found) - min(found)) / 2) for name, found in rises.items()],
        columns=["feature", "importance", "spread"],
    )
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _groups(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    group = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _take(values: Any, rows: npt.NDArray[np.int64]) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def _joined(parts: list[Any]) -> Any:
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [value for part in parts for value in part]
