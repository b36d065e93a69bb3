"""A model against its gates and the champion, for metrics where more is better and for those where less is."""

from __future__ import annotations

import pytest

from training.evaluate import broken_gates
from workloads.fields import Bound, ChampionGate, Gates
from workloads.metrics import METRICS as KNOWN
from workloads.spec import Workload

METRICS = {"roc_auc": 0.8, "average_precision": 0.5, "brier_score": 0.125, "log_loss": 0.5}


def gated(workload: Workload, metric: str, margin: float = 0.0, **bounds: float) -> Workload:
    """Return the workload with one gate and one comparison, both of the same metric."""
    given = Gates.model_validate({"metrics": {metric: bounds}, "champion": {"metric": metric, "margin": margin}})
    return workload.model_copy(update={"gates": given})


def test_which_metrics_are_better_when_they_are_lower() -> None:
    assert {name for name in METRICS if KNOWN[name].better == "lower"} == {"brier_score", "log_loss"}


@pytest.mark.parametrize(
    ("metric", "better"), [("roc_auc", 1), ("average_precision", 1), ("brier_score", -1), ("log_loss", -1)]
)
def test_a_model_must_be_better_than_the_champion_in_the_metric_s_own_direction(
    workload: Workload, metric: str, better: int
) -> None:
    champion = METRICS[metric]
    strict = gated(workload, metric, margin=0.0625)

    def broken(value: float) -> list[str]:
        return broken_gates(strict, {**METRICS, metric: value}, METRICS)

    assert broken(champion + better * 0.125) == []
    assert len(broken(champion + better * 0.03125)) == 1
    assert len(broken(champion - better * 0.125)) == 1


@pytest.mark.parametrize(("metric", "better"), [("average_precision", 1), ("log_loss", -1)])
def test_just_the_margin_is_enough(workload: Workload, metric: str, better: int) -> None:
    """Powers of two, so that the difference is exact."""
    for margin in (0.25, -0.25, 0.0):
        model = {**METRICS, metric: 0.5 + better * margin}
        assert broken_gates(gated(workload, metric, margin=margin), model, METRICS) == []


def test_a_value_on_its_bound_passes_and_one_beyond_does_not(workload: Workload) -> None:
    within = gated(workload, "log_loss", minimum=0.25, maximum=0.5)
    for value, passes in ((0.25, True), (0.2, False), (0.5, True), (0.51, False)):
        assert (broken_gates(within, {**METRICS, "log_loss": value}, None) == []) is passes, value


def test_without_a_champion_or_its_gate_there_is_no_comparison(workload: Workload) -> None:
    alone = workload.model_copy(update={"gates": Gates(metrics={"roc_auc": Bound()}, champion=None)})
    assert broken_gates(alone, {**METRICS, "roc_auc": 0.1}, METRICS) == []
    compared = Gates(metrics={"roc_auc": Bound()}, champion=ChampionGate(metric="roc_auc", margin=0.0))
    assert broken_gates(workload.model_copy(update={"gates": compared}), {**METRICS, "roc_auc": 0.1}, None) == []
