"""What a model must reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inference import artifact, plan
from training.evaluate import broken_gates, champion_metrics, measure
from workloads.spec import Workload

GOOD = {"roc_auc": 0.78, "average_precision": 0.5, "brier": 0.13, "log_loss": 0.43}


def test_a_good_first_model_passes(workload: Workload) -> None:
    assert broken_gates(workload, GOOD, None) == []


@pytest.mark.parametrize(
    ("metrics", "champion", "broken"),
    [
        ({"roc_auc": 0.6}, None, ["roc_auc must be at least 0.72, got 0.6000"]),
        ({"brier": 0.25}, None, ["brier must be at most 0.18, got 0.2500"]),
        ({"roc_auc": 0.775}, GOOD, []),  # a little worse is allowed
        (
            {"roc_auc": 0.75},
            GOOD,
            ["roc_auc must be better than the champion's 0.7800 by at least -0.01, got 0.7500"],
        ),
        (
            {"roc_auc": 0.6, "brier": 0.25},
            GOOD,
            ["roc_auc must be at least", "brier must be", "roc_auc must be better"],
        ),
    ],
)
def test_each_broken_gate_is_said(
    workload: Workload, metrics: dict[str, float], champion: dict[str, float] | None, broken: list[str]
) -> None:
    found = broken_gates(workload, {**GOOD, **metrics}, champion)
    assert len(found) == len(broken)
    assert all(text.startswith(start) for text, start in zip(found, broken, strict=True))


def test_metrics_of_a_perfect_and_a_useless_model() -> None:
    labels = np.array([True, False, True, False])
    assert measure(labels, np.array([0.9, 0.1, 0.8, 0.2]))["roc_auc"] == 1.0
    useless = measure(labels, np.full(4, 0.5))
    assert (useless["roc_auc"], useless["average_precision"], useless["brier"]) == (0.5, 0.5, 0.25)
    assert useless["log_loss"] == pytest.approx(np.log(2))


class _FromAnotherVersion:
    """An estimator that loads, and whose inner parts the library no longer knows."""

    def predict_proba(self, rows: plan.Matrix) -> plan.Matrix:
        raise AttributeError("'_FromAnotherVersion' object has no attribute '_raw_predict'")


def _packed(folder: Path, workload: Workload, estimator: plan.Estimator) -> tuple[bytes, str]:
    digest = plan.save(folder, workload, plan.Plan.of(workload), estimator)
    return artifact.archive(folder), digest


def _holdout(workload: Workload) -> pd.DataFrame:
    columns = {name: [None, None] for name in workload.features}
    return pd.DataFrame({**columns, workload.label.name: [True, False]})


def test_a_champion_that_no_longer_loads_is_not_compared_with(
    workload: Workload, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan.save(tmp_path, workload, plan.Plan.of(workload), plan.Prior(0.5))
    (tmp_path / plan.ESTIMATOR_FILE).write_bytes(b"cgone_library\nEstimator\n.")
    digest = artifact.write_manifest(tmp_path, workload.name)
    found = champion_metrics(workload, _holdout(workload), artifact.archive(tmp_path), digest)
    assert found["metrics"] is None
    assert "does not load: ModuleNotFoundError: No module named 'gone_library'" in found["reason"]
    assert "The champion cannot be compared, so its gate is not applied: The model" in capsys.readouterr().out
    assert broken_gates(workload, GOOD, found["metrics"]) == []


def test_a_champion_that_loads_and_cannot_predict_is_not_compared_with(workload: Workload, tmp_path: Path) -> None:
    packed, digest = _packed(tmp_path, workload, _FromAnotherVersion())
    found = champion_metrics(workload, _holdout(workload), packed, digest)
    assert found["metrics"] is None
    assert "no attribute '_raw_predict'" in found["reason"]


def test_a_champion_that_works_is_measured(workload: Workload, tmp_path: Path) -> None:
    packed, digest = _packed(tmp_path, workload, plan.Prior(0.5))
    found = champion_metrics(workload, _holdout(workload), packed, digest)
    assert found == {"metrics": measure(np.array([True, False]), np.array([0.5, 0.5]))}
