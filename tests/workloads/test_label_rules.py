"""What follows from the label's type: which fields belong to it, priors, weights, checks and gates."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workloads import spec
from workloads.metrics import METRICS, of_label
from workloads.problems import ProblemsError
from workloads.spec import LabelType, Workload

KINDS: dict[str, dict[str, Any]] = {
    "boolean": {"prior": 0.2, "label": {}, "check": {"label_share": [0.05, 0.6]}, "metric": {"roc_auc": 0.7}},
    "category": {
        "prior": {"a": 0.5, "b": 0.3, "c": 0.2},
        "label": {"categories": ["a", "b", "c"]},
        "check": {"class_share": 0.05},
        "metric": {"f1_macro": 0.7},
    },
    "number": {"prior": 12.5, "label": {}, "check": {"label_mean": [-5, 30]}, "metric": {"r2": 0.1}},
}
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, Change | None], Workload]:
    """Write the flights with a label of another kind, and something changed, and read it."""
    shutil.copytree(spec.folder("flights"), tmp_path / "flights")
    path = tmp_path / "flights" / "workload.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))

    def written(kind: str, change: Change | None = None) -> Workload:
        given = KINDS[kind]
        ((metric, minimum),) = given["metric"].items()
        content["label"].pop("threshold", None)
        content["prior"] = given["prior"]
        content["label"].update({"type": kind, **given["label"]})
        content["check"] = {"minimum_rows": 100, **given["check"]}
        content["gates"] = {"metrics": {metric: {"minimum": minimum}}, "champion": {"metric": metric, "margin": 0.0}}
        if change:
            change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return spec.load(path, run_sql=False)  # the SQL is of one kind of label alone

    return written


Read = Callable[..., Workload]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_read_with_what_belongs_to_it(read: Read, kind: str) -> None:
    workload = read(kind)
    assert workload.label.type == kind
    assert workload.prior == KINDS[kind]["prior"]
    assert workload.label.classes == {"boolean": ("false", "true"), "category": ("a", "b", "c")}.get(kind, ())


def put(path: str, value: Any) -> Change:
    """Set one field, by its dotted path."""

    def change(content: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            content = content[parent]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        ("boolean", "label.categories", ["a", "b"], "label.categories must belong to a label of type category, not b"),
        ("boolean", "label.range", [0, 1], "label.range must belong to a label of type number, not boolean"),
        ("boolean", "label.quantiles", [0.1], "label.quantiles must belong to a label of type number, not boolean"),
        ("category", "label.threshold", 0.5, "label.threshold must belong to a label of type boolean, not category"),
        ("number", "label.threshold", 0.5, "label.threshold must belong to a label of type boolean, not number"),
        ("number", "label.weights", "balanced", "label.weights must belong to a label with classes, not number"),
        ("number", "check.label_share", [0.1, 0.2], "check.label_share must belong to a label of type boolean"),
        ("boolean", "check.class_share", 0.1, "check.class_share must belong to a label of type category"),
        ("category", "check.label_mean", [0, 1], "check.label_mean must belong to a label of type number"),
        ("category", "label.categories", None, "label must list its categories"),
        ("category", "label.categories", ["a", "b", "c", "c"], "label.categories must be given once each"),
        ("category", "label.categories", ["a"], "label.categories must be at least two"),
        ("category", "label.categories", ["a", False, "c"], "label.categories[1] must be a valid string, got false"),
        ("category", "label.name", "probabilities", "label.name must be none of probability, probabilities, quantiles"),
        ("number", "label.range", [5, 5], "label.range must have its smaller bound first"),
        (
            "number",
            "label.quantiles",
            [0.9, 0.1],
            "label.quantiles must grow, got [0.9, 0.1]. Write them as [0.1, 0.9]",
        ),
        ("number", "label.quantiles", [0.1, 1.0], "label.quantiles[1] must be less than 1"),
        ("boolean", "label.type", "text", "free text is not taken"),
        ("boolean", "features.carrier.type", "text", "free text is not taken"),
        ("boolean", "label.weights", {"true": 2}, "label.weights must name every class and no other"),
        ("boolean", "label.weights", {"true": 0, "false": 1}, "label.weights must be `balanced`, or a number above 0"),
        ("category", "label.weights", "equal", "label.weights must be `balanced`, or a number above 0 for each class"),
        ("boolean", "prior", 1.5, "prior must be from 0 to 1, got 1.5"),
        ("boolean", "prior", True, "prior must be a number, or a number for each category, got true"),
        ("boolean", "prior", {"a": 1.0}, "prior must be one probability of true, as the label is a boolean"),
        ("number", "prior", {"a": 1.0}, "prior must be one value, as the label is a number"),
        ("number", "prior", float("nan"), "prior must be a number"),
        ("number", "label.range", [0, 10], "prior must lie in label.range, got 12.5"),
        ("category", "prior", 0.5, "prior must give every category of the label a probability, and no other, got 0.5"),
        ("category", "prior", {"a": 0.5, "b": 0.5}, "prior must give every category of the label a probability"),
        (
            "category",
            "prior",
            {"a": 0.5, "b": 0.5, "c": 0.1},
            "prior must sum to 1 without negative ones, they sum to 1.",
        ),
        ("category", "check.class_share", 0.4, "check.class_share must leave room for every category, got 0.4"),
        ("number", "check.label_mean", [3, 1], "check.label_mean must have its smaller bound first"),
        ("boolean", "gates.metrics", {"roc_auc": {"minimum": 1.7}}, "roc_auc.minimum must be from 0 to 1, got 1.7"),
        ("boolean", "gates.metrics", {"log_loss": {"maximum": -1}}, "log_loss.maximum must be from 0 to inf, got -1"),
        ("boolean", "gates.metrics", {"roc_auc": {"minimum": float("nan")}}, "minimum must be a finite number"),
        ("boolean", "gates.metrics", {"roc_auc": {}}, "gates.metrics.roc_auc must have a minimum"),
        ("number", "gates.metrics", {"mean_absolute_error": {"minimum": 1}}, "must have a maximum"),
        ("boolean", "gates.metrics", {"f1": {"minimum": 0.8, "maximum": 0.7}}, "f1 must have a minimum below its max"),
        ("boolean", "gates.metrics", {"brier": {"maximum": 0.2}}, "must be a metric, such as brier_score"),
        ("boolean", "gates.metrics", {"r2": {"minimum": 0.1}}, "r2 must be a metric of a label of type boolean, got"),
        ("number", "gates.metrics", {"roc_auc": {"minimum": 0.1}}, "These are r2, explained_variance, mean_absolute"),
        ("category", "gates.metrics", {"roc_auc": {"minimum": 0.1}}, "must be a metric of a label of type category"),
        ("number", "gates.metrics", {"interval_coverage": {"minimum": 0.7}}, "must belong to a label with quantiles"),
        ("number", "gates.champion.metric", "roc_auc", "gates.champion.metric must be a metric of a label of type num"),
        ("boolean", "gates.champion.margin", 1.0, "gates.champion.margin must be below 1, got 1.0"),
    ],
)
def test_what_does_not_fit_the_label_is_refused_with_its_remedy(
    read: Read, kind: str, path: str, value: Any, said: str
) -> None:
    with pytest.raises(ProblemsError) as refused:
        read(kind, put(path, value))
    assert any(said in str(problem) for problem in refused.value.problems), str(refused.value)
    assert all(problem.remedy.strip() for problem in refused.value.problems)


def test_a_metric_without_a_direction_takes_either_bound_and_compares_with_no_champion(read: Read) -> None:
    def covered(content: dict[str, Any]) -> None:
        content["label"]["quantiles"] = [0.1, 0.9]
        content["gates"]["metrics"] = {"interval_coverage": {"minimum": 0.7, "maximum": 0.9}}

    def compared(content: dict[str, Any]) -> None:
        covered(content)
        content["gates"]["champion"]["metric"] = "interval_coverage"

    assert read("number", covered).gates.metrics["interval_coverage"].maximum == 0.9
    with pytest.raises(ProblemsError, match=r"champion\.metric must be a metric with a direction"):
        read("number", compared)


def test_class_weights_are_read_by_class(read: Read) -> None:
    assert read("category", put("label.weights", {"a": 1, "b": 2, "c": 3.5})).label.weights == {
        "a": 1.0,
        "b": 2.0,
        "c": 3.5,
    }


@pytest.mark.parametrize("kind", LabelType)
def test_every_kind_has_metrics_and_each_knows_which_way_is_better(kind: LabelType) -> None:
    known = of_label(kind)
    assert len(known) > 5
    assert set(of_label(kind, quantiles=False)) <= set(known)
    for metric in known.values():
        better, worse = (0.1, 0.2) if metric.better == "lower" else (0.2, 0.1)
        assert metric.gain(better, worse) > 0 > metric.gain(worse, better)


def test_every_metric_belongs_to_some_label() -> None:
    assert set(METRICS) == {name for kind in LabelType for name in of_label(kind)}
