"""What a model must reach."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluate import broken_gates
from training.metrics import measure
from workloads.spec import Workload

GOOD = {"roc_auc": 0.78, "average_precision": 0.5, "brier_score": 0.13, "log_loss": 0.43}


def test_a_good_first_model_passes(workload: Workload) -> None:
    assert broken_gates(workload, GOOD, None) == []


@pytest.mark.parametrize(
    ("metrics", "champion", "broken"),
    [
        ({"roc_auc": 0.6}, None, ["roc_auc must be at least 0.72, got 0.6000"]),
        ({"roc_auc": float("nan")}, None, ["roc_auc must be at least 0.72, got nan"]),
        ({"brier_score": float("nan")}, None, ["brier_score must be at most 0.18, got nan"]),
        ({"brier_score": 0.25}, None, ["brier_score must be at most 0.18, got 0.2500"]),
        ({"roc_auc": 0.775}, GOOD, []),  # a little worse is allowed
        (
            {"roc_auc": 0.75},
            GOOD,
            ["roc_auc must be better than the champion's 0.7800 by at least -0.01, got 0.7500"],
        ),
        (
            {"roc_auc": 0.6, "brier_score": 0.25},
            GOOD,
            ["roc_auc must be at least", "brier_score must be", "roc_auc must be better"],
        ),
    ],
)
def test_each_broken_gate_is_said(
    workload: Workload, metrics: dict[str, float], champion: dict[str, float] | None, broken: list[str]
) -> None:
    found = broken_gates(workload, {**GOOD, **metrics}, champion)
    assert len(found) == len(broken)
    assert all(text.startswith(start) for text, start in zip(found, broken, strict=True))


def test_metrics_of_a_perfect_and_a_useless_model(workload: Workload) -> None:
    labels = np.array([True, False, True, False])
    assert measure(workload, labels, np.array([[0.9], [0.1], [0.8], [0.2]]))["roc_auc"] == 1.0
    useless = measure(workload, labels, np.full((4, 1), 0.5))
    assert (useless["roc_auc"], useless["average_precision"], useless["brier_score"]) == (0.5, 0.5, 0.25)
    assert useless["log_loss"] == pytest.approx(np.log(2))
