from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from trial import importance
from trial.importance import Columns

RANDOM = np.random.default_rng(1)
LABELS = RANDOM.normal(size=3000)
COLUMNS: dict[str, Any] = {
    "noise": RANDOM.normal(size=3000),
    "weak": LABELS + RANDOM.normal(size=3000) * 3,
    "strong": LABELS + RANDOM.normal(size=3000) / 10,
    "word": ["up" if label > 0 else "down" for label in LABELS],
}


def answer(columns: Columns) -> npt.NDArray[np.float64]:
    word = np.array([value == "up" for value in columns["word"]])
    found: npt.NDArray[np.float64] = 0.8 * columns["strong"] + 0.1 * columns["weak"] + 0.05 * word
    return found


def loss(rows: npt.NDArray[np.int64], answers: npt.NDArray[np.float64]) -> float:
    return float(np.mean((LABELS[rows] - answers) ** 2))


def test_what_the_model_uses_most_comes_first() -> None:
    found = importance.permutation(COLUMNS, answer, loss)
    assert found["feature"].to_list()[:2] == ["strong", "weak"]
    assert found.set_index("feature").loc["noise", "importance"] == 0


def test_the_same_model_and_data_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    first = importance.permutation(COLUMNS, answer, loss)
    monkeypatch.setattr(importance, "_CELLS", 1)  # one shuffled sample a question
    pd.testing.assert_frame_equal(importance.permutation(COLUMNS, answer, loss), first)


def test_a_small_hold_out_is_looked_at_whole() -> None:
    few = {name: values[:10] for name, values in COLUMNS.items()}
    seen: set[int] = set()

    def noted(rows: npt.NDArray[np.int64], answers: npt.NDArray[np.float64]) -> float:
        seen.add(len(rows))
        return float(answers.mean())

    importance.permutation(few, answer, noted)
    assert seen == {10}
