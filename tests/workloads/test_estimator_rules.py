"""Estimators are checked when the file is read: classes that there are, with parameters that they take."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from workloads import signatures, spec
from workloads.problems import ProblemsError
from workloads.signatures import MissingError, UnknownError

TYPE = "type: sklearn.ensemble.HistGradientBoostingClassifier"
PARAMETERS = "{learning_rate: 0.07, max_iter: 150, max_leaf_nodes: 20, min_samples_leaf: 50, random_state: 2013}"


def _read(tmp_path: Path, **changes: str) -> list[str]:
    folder = shutil.copytree(spec.folder("flights"), tmp_path / "flights")
    (folder / "own.py").write_text(
        "from sklearn.tree import DecisionTreeClassifier\n"
        "class Deeper(DecisionTreeClassifier):\n    pass\n"
        "class Own:\n    def __init__(self, depth: int = 3) -> None: ...\n"
        "class Any:\n    def __init__(self, **more: int) -> None: ...\n"
    )
    file = folder / "workload.yaml"
    text = file.read_text("utf-8")
    for old, new in {TYPE: changes.get("type", TYPE), PARAMETERS: changes.get("parameters", PARAMETERS)}.items():
        assert old in text
        text = text.replace(old, new)
    if "mask" in changes:
        text = text.replace("categorical_parameter: categorical_features", f"categorical_parameter: {changes['mask']}")
    file.write_text(text, "utf-8")
    try:
        spec.load(file)
    except ProblemsError as error:
        return [str(problem).split(": ", 1)[1] for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"parameters": "{learning_rat: 0.07}"},
            "estimator.parameters.learning_rat must be a parameter of sklearn.ensemble.HistGradientBoostingClassifier, "
            'got "learning_rat". Did you mean learning_rate?',
        ),
        (
            {"type": "type: sklearn.ensemble.HistGradientBostingClassifier"},
            "estimator.type must be a class of sklearn.ensemble, got "
            '"sklearn.ensemble.HistGradientBostingClassifier". Did you mean HistGradientBoostingClassifier?',
        ),
        (
            {"type": "type: sklearn.ensembel.HistGradientBoostingClassifier"},
            "estimator.type must be a class of sklearn.ensembel, got "
            '"sklearn.ensembel.HistGradientBoostingClassifier". Correct the import path.',
        ),
        (
            {"mask": "categoricals"},
            "estimator.categorical_parameter must be a parameter of sklearn.ensemble.HistGradientBoostingClassifier, "
            'got "categoricals". Did you mean categorical_features?',
        ),
        (
            {
                "type": "type: sklearn.pipeline.Pipeline",
                "parameters": "{steps: [[a, {type: sklearn.svm.SVC, parameters: {c: 1}}]]}",
                "mask": "null",
            },
            'estimator.parameters.steps[0][1].parameters.c must be a parameter of sklearn.svm.SVC, got "c". It takes',
        ),
        (
            {"type": "type: workload.own.Own", "parameters": "{deep: 3}", "mask": "null"},
            'estimator.parameters.deep must be a parameter of workload.own.Own, got "deep". Did you mean depth?',
        ),
        (
            {"type": "type: workload.own.Owl", "parameters": "{}", "mask": "null"},
            'estimator.type must be a class of workload.own, got "workload.own.Owl". Did you mean Own?',
        ),
        (
            {"type": "type: workload.own.Deeper", "parameters": "{max_dept: 3}", "mask": "null"},
            'estimator.parameters.max_dept must be a parameter of workload.own.Deeper, got "max_dept". '
            "Did you mean max_depth?",
        ),
    ],
)
def test_what_a_class_does_not_take_is_told_before_anything_runs(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    (problem,) = _read(tmp_path, **changes)
    assert problem.startswith(said)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "type: workload.own.Any", "parameters": "{anything: 3}", "mask": "null"},
        {"type": "type: a_library_of_the_image.Classifier", "parameters": "{anything: 3}", "mask": "null"},
        {"type": "type: workload.own.Deeper", "parameters": "{max_depth: 3}", "mask": "null"},
    ],
)
def test_what_the_source_does_not_say_is_left_to_the_training_job(tmp_path: Path, changes: dict[str, str]) -> None:
    assert _read(tmp_path, **changes) == []


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.ensemble.HistGradientBoostingRegressor",
        "sklearn.ensemble.StackingClassifier",
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.neighbors.KNeighborsClassifier",
        "sklearn.preprocessing.StandardScaler",
        "sklearn.compose.TransformedTargetRegressor",
        "sklearn.dummy.DummyClassifier",
    ],
)
def test_the_source_says_what_the_class_says(path: str, tmp_path: Path) -> None:
    module, _, name = path.rpartition(".")
    kind = getattr(__import__(module, fromlist=[name]), name)
    assert signatures.parameters(path, tmp_path) == set(kind._get_param_names())


def test_nothing_is_imported_to_find_out(tmp_path: Path) -> None:
    before = set(sys.modules)
    with pytest.raises((UnknownError, MissingError)):
        signatures.parameters("this.Zen", tmp_path)
    assert signatures.parameters("wsgiref.handlers.SimpleHandler", tmp_path)
    assert not {"this", "wsgiref.handlers"} & (set(sys.modules) - before)
