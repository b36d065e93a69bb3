"""Labels of each kind in training: what is fitted, and what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from inference import plan
from inference.answers import AnswerForm
from inference.statistics import statistics
from tests.training import kinds
from training import dataset, labels, train
from training.job import JobError
from training.metrics import measure
from workloads.metrics import of_label
from workloads.spec import Gates, Workload

LOGISTIC = {"type": "sklearn.linear_model.LogisticRegression", "parameters": {"max_iter": 500}}
PIPELINE = {
    "type": "sklearn.pipeline.Pipeline",
    "parameters": {"steps": [["scale", {"type": "sklearn.preprocessing.StandardScaler"}], ["model", LOGISTIC]]},
    "missing": "median",
}
CALIBRATED = {
    "type": "sklearn.calibration.CalibratedClassifierCV",
    "parameters": {"estimator": {"type": "sklearn.svm.LinearSVC"}, "cv": 2},
    "missing": "median",
}
STACKED = {
    "type": "sklearn.ensemble.StackingClassifier",
    "parameters": {
        "estimators": [
            ["trees", {"type": "sklearn.ensemble.RandomForestClassifier", "parameters": {"n_estimators": 10}}],
            ["line", LOGISTIC],
        ],
        "final_estimator": LOGISTIC,
        "cv": 2,
    },
    "missing": "median",
}
XGBOOST = {"type": "xgboost.XGBClassifier", "parameters": {"n_estimators": 20, "max_depth": 3}}
LIGHTGBM = {"type": "lightgbm.LGBMClassifier", "parameters": {"n_estimators": 20, "verbose": -1}}
CLASSIFIERS = {
    "trees": kinds.ESTIMATORS["boolean"],
    "trees of codes": {**kinds.ESTIMATORS["boolean"], "categorical_parameter": "categorical_features"},
    "pipeline": PIPELINE,
    "calibrated": CALIBRATED,
    "stacked": STACKED,
    "XGBoost": XGBOOST,
    "XGBoost of codes": {
        **XGBOOST,
        "parameters": {"n_estimators": 20, "max_depth": 3, "enable_categorical": True, "tree_method": "hist"},
        "categorical_parameter": "feature_types",
    },
    "LightGBM": LIGHTGBM,
    "LightGBM of codes": {**LIGHTGBM, "categorical_parameter": "categorical_feature"},
}
REGRESSORS: dict[str, dict[str, Any]] = {
    "trees": kinds.ESTIMATORS["number"],
    "boosting": {
        "type": "sklearn.ensemble.GradientBoostingRegressor",
        "parameters": {"n_estimators": 20},
        "missing": "median",
    },
    "line": {"type": "sklearn.linear_model.QuantileRegressor", "parameters": {"alpha": 0.01}, "missing": "median"},
    "pipeline": {
        "type": "sklearn.pipeline.Pipeline",
        "parameters": {
            "steps": [
                ["scale", {"type": "sklearn.preprocessing.StandardScaler"}],
                ["model", {"type": "sklearn.ensemble.HistGradientBoostingRegressor", "parameters": {"max_iter": 20}}],
            ]
        },
    },
    "XGBoost": {"type": "xgboost.XGBRegressor", "parameters": {"n_estimators": 20}},
    "LightGBM": {"type": "lightgbm.LGBMRegressor", "parameters": {"n_estimators": 20, "verbose": -1}},
}


def trained(workload: Workload, rows: pd.DataFrame, folder: Path) -> plan.Model:
    """Fit, write and read a model, as the jobs do."""
    how, estimator = train.fit(workload, rows, dict(workload.estimator.parameters))
    lying = kinds.lying(workload, folder.with_name(f"{folder.name}-workload"))
    return plan.model_fn(folder, plan.save(folder, lying, how, estimator))


def judged(workload: Workload, model: plan.Model, rows: pd.DataFrame) -> dict[str, float]:
    answers = model.answers(dataset.columns(workload, rows))
    assert AnswerForm.of(workload).broken(answers) is None
    return measure(workload, labels.encoded(workload, rows), answers)


@pytest.mark.parametrize("kind", ["boolean", "category"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_each_classifier_is_fitted_answers_and_is_the_same_again(tmp_path: Path, kind: str, name: str) -> None:
    workload = kinds.workload(kind, CLASSIFIERS[name])
    rows, unseen = kinds.examples(kind), kinds.examples(kind, 300, seed=1)
    model = trained(workload, rows, tmp_path / "first")
    assert judged(workload, model, unseen)["balanced_accuracy"] > 0.6
    assert trained(workload, rows, tmp_path / "second").digest == model.digest


@pytest.mark.parametrize("name", REGRESSORS)
def test_each_regressor_answers_a_value_and_its_quantiles_in_order(tmp_path: Path, name: str) -> None:
    workload = kinds.workload("number", REGRESSORS[name], quantiles=[0.1, 0.5, 0.9])
    rows, unseen = kinds.examples("number"), kinds.examples("number", 300, seed=1)
    model = trained(workload, rows, tmp_path / "first")
    found = judged(workload, model, unseen)
    assert found["r2"] > 0.5
    assert 0.5 < found["interval_coverage"] < 1
    assert found["mean_pinball_loss"] < found["mean_absolute_error"]
    assert trained(workload, rows, tmp_path / "second").digest == model.digest


@pytest.mark.parametrize("kind", kinds.PRIORS)
def test_every_metric_of_a_kind_is_measured_within_its_bounds(kind: str) -> None:
    quantiles = [0.1, 0.9] if kind == "number" else None
    workload = kinds.workload(kind, quantiles=quantiles)
    rows = kinds.examples(kind, 200)
    width = len(AnswerForm.of(workload).columns)
    chance = np.random.default_rng(1)
    answers = np.sort(chance.dirichlet(np.ones(width + 1), len(rows))[:, :width], axis=1)
    if kind == "category":
        answers /= answers.sum(axis=1, keepdims=True)
    found = measure(workload, labels.encoded(workload, rows), answers)
    known = {name: metric for name, metric in of_label(workload.label.type).items() if not metric.asked_for}
    assert set(found) == set(known)
    for name, metric in known.items():
        assert metric.bounds[0] <= found[name] <= metric.bounds[1], name


@pytest.mark.parametrize(
    "gates",
    [
        {"metrics": {"mean_absolute_percentage_error": {"maximum": 1}}},
        {"metrics": {"r2": {"minimum": 0}}, "champion": {"metric": "mean_absolute_percentage_error", "margin": 0}},
    ],
)
def test_an_error_in_parts_of_the_label_is_told_where_a_gate_names_it(gates: dict[str, Any]) -> None:
    truth, answers = np.array([0.0, 2.0]), np.array([[1.0], [3.0]])
    silent = kinds.workload("number")
    asking = silent.model_copy(update={"gates": Gates.model_validate(gates)})
    assert "mean_absolute_percentage_error" not in measure(silent, truth, answers)
    assert measure(asking, truth + 1, answers)["mean_absolute_percentage_error"] == 0
    assert measure(asking, truth + 2, answers)["mean_absolute_percentage_error"] == pytest.approx((1 / 2 + 1 / 4) / 2)


def test_two_categories_have_the_metrics_of_more(tmp_path: Path) -> None:
    workload = kinds.workload("category", LOGISTIC | {"missing": "median"}, categories=["no", "yes"])
    rows = kinds.examples("boolean")
    rows["answer"] = rows.answer.map({True: "yes", False: "no"})
    model = trained(workload, rows, tmp_path)
    found = judged(workload, model, rows)
    assert found["roc_auc_ovr"] == found["roc_auc_ovo"] > 0.8
    assert 0 < found["brier_score"] < 0.25


def test_labels_have_statistics_of_their_own_kind() -> None:
    of = {}
    for kind in kinds.PRIORS:
        workload, rows = kinds.workload(kind), kinds.examples(kind)
        of[kind] = statistics(workload, dataset.columns(workload, rows), rows.answer.tolist())["label"]
    assert of["boolean"]["numerical_statistics"]["mean"] == 0.25
    buckets = of["category"]["string_statistics"]["distribution"]["categorical"]["buckets"]
    assert [bucket["value"] for bucket in buckets] == kinds.CLASSES
    assert of["number"]["inferred_type"] == "Fractional"


def test_a_value_beyond_the_labels_range_becomes_its_bound(tmp_path: Path) -> None:
    workload = kinds.workload("number", range=[0, 4])
    rows = kinds.examples("number")
    inside = rows[(rows.answer >= 0) & (rows.answer <= 4)]
    line = {"type": "sklearn.linear_model.LinearRegression", "missing": "median"}
    model = trained(kinds.workload("number", line, range=[0, 4]), inside, tmp_path)
    answers = model.answers(dataset.columns(workload, rows))
    assert (answers.min(), answers.max()) == (0, 4)


@pytest.mark.parametrize(
    ("kind", "label", "estimator", "said"),
    [
        (
            "boolean",
            {},
            {"type": "sklearn.svm.LinearSVC"},
            "must have predict_proba, got sklearn.svm.LinearSVC. Choose",
        ),
        ("boolean", {}, REGRESSORS["trees"], "must be a classifier where label.type is boolean"),
        ("number", {}, kinds.ESTIMATORS["boolean"], "must be a regressor where label.type is number"),
        ("number", {}, {"type": "sklearn.preprocessing.StandardScaler"}, "must have predict, got"),
        ("number", {}, {"type": "sklearn.metrics.r2_score"}, "must be a class, got sklearn.metrics.r2_score"),
        ("boolean", {}, {"type": "sklearn.ensemble.Forest"}, "must be importable in the image"),
        ("boolean", {}, {**PIPELINE, "parameters": {"step": []}}, "must be arguments of sklearn.pipeline.Pipeline"),
        (
            "boolean",
            {},
            {"type": "sklearn.pipeline.Pipeline", "parameters": {"steps": [["a", {"type": "os.system"}]]}},
            "estimator.parameters.steps[0][1].type must be a class, got os.system",
        ),
        (
            "number",
            {"quantiles": [0.5]},
            {"type": "sklearn.ensemble.RandomForestRegressor"},
            "RandomForestRegressor fits no quantile",
        ),
        (
            "boolean",
            {"weights": "balanced"},
            {"type": "sklearn.neighbors.KNeighborsClassifier", "missing": "median"},
            "KNeighborsClassifier.fit has no sample_weight",
        ),
    ],
)
def test_an_estimator_that_does_not_answer_the_question_is_refused_before_it_is_fitted(
    kind: str, label: dict[str, Any], estimator: dict[str, Any], said: str
) -> None:
    workload = kinds.workload(kind, estimator, **label)
    with pytest.raises(JobError) as refused:
        train.fit(workload, kinds.examples(kind, 50), dict(workload.estimator.parameters))
    assert said in str(refused.value)


@pytest.mark.parametrize("estimator", [LOGISTIC | {"missing": "median"}, PIPELINE, XGBOOST, STACKED, CALIBRATED])
def test_weights_make_a_rare_class_count(tmp_path: Path, estimator: dict[str, Any]) -> None:
    rows, unseen = kinds.examples("boolean", share=0.05), kinds.examples("boolean", share=0.05, seed=1)
    found = {}
    for name, weights in (("none", None), ("balanced", "balanced"), ("given", {"true": 30, "false": 1})):
        workload = kinds.workload("boolean", estimator, weights=weights)
        found[name] = judged(workload, trained(workload, rows, tmp_path / name), unseen)["recall"]
    assert found["balanced"] > found["none"]
    assert found["given"] > found["none"]


def test_balanced_weights_are_scikit_learns() -> None:
    workload = kinds.workload("category", weights="balanced")
    found = labels.weights(workload, np.array([0, 0, 0, 1, 1, 2]))
    assert found is not None
    np.testing.assert_allclose(found, [2 / 3] * 3 + [1.0] * 2 + [2.0])
