"""Rows become numbers the same way in training and in serving."""

from __future__ import annotations

import importlib
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import artifact, bootstrap, plan
from inference.artifact import ArtifactError
from inference.plan import Input, Plan
from tests import changed
from tests.inference import models
from workloads import folder, spec
from workloads.spec import Workload

COLUMNS: dict[str, Any] = {"origin": ["EWR", "LGA", None], "wind": [1.5, None, 4.5], "open": [True, False, None]}
INPUTS = (Input("origin", "category", ("EWR", "JFK", "LGA")), Input("wind", "number"), Input("open", "boolean"))


def test_categories_are_codes_and_missing_values_stay_missing() -> None:
    matrix = Plan(INPUTS, one_hot=False, medians={}).matrix(COLUMNS)
    np.testing.assert_array_equal(matrix, [[0, 1.5, 1], [2, np.nan, 0], [np.nan, 4.5, np.nan]])


def test_categories_are_columns_and_missing_numbers_the_median() -> None:
    fitted = Plan(INPUTS, one_hot=True, medians={}).fitted(COLUMNS)
    matrix = Plan.from_json(fitted.as_json()).matrix(COLUMNS)
    np.testing.assert_array_equal(matrix, [[1, 0, 0, 1.5, 1], [0, 0, 1, 3.0, 0], [0, 0, 0, 4.5, 0.5]])


def test_a_saved_model_answers_as_before(workload: Workload, instance: dict[str, Any], tmp_path: Path) -> None:
    digest = models.save(workload, tmp_path)
    model = plan.model_fn(tmp_path, digest)
    rows = [dict.fromkeys(workload.features) | instance | {"departure_minute": minute} for minute in (60, 1200)]
    assert model.digest == digest
    assert plan.predict_fn(rows, model).tolist() == [[0.0], [1.0]]


def test_the_bootstrap_model_answers_the_prior_of_its_own_workload(workload: Workload, tmp_path: Path) -> None:
    artifact.unpack(bootstrap.of(workload).archive, tmp_path)
    model = plan.model_fn(tmp_path, "bootstrap")
    assert model.digest == "bootstrap"
    assert model.workload.features == workload.features
    assert plan.predict_fn([dict.fromkeys(workload.features)] * 2, model).tolist() == [[workload.prior]] * 2


class Harmful:
    """What an attacker would pickle."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def test_nothing_is_unpickled_before_the_digest_is_checked(workload: Workload, tmp_path: Path) -> None:
    folder, trace = tmp_path / "model", tmp_path / "ran"
    digest = models.save(workload, folder)
    (folder / "estimator.pkl").write_bytes(pickle.dumps(Harmful(trace)))
    artifact.write_manifest(folder, workload.name)
    with pytest.raises(ArtifactError, match="digest must be"):
        plan.model_fn(folder, digest)
    assert not trace.exists()


def test_a_file_that_is_no_estimator_is_named_with_the_reason(workload: Workload, tmp_path: Path) -> None:
    models.save(workload, tmp_path)
    (tmp_path / "estimator.pkl").write_bytes(b"not a pickle")
    digest = artifact.write_manifest(tmp_path, workload.name)
    with pytest.raises(ArtifactError, match=f"The model {digest} does not load: UnpicklingError"):
        plan.model_fn(tmp_path, digest)


def test_a_model_answers_by_the_contract_that_it_was_trained_with(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["label"]["threshold"] = 0.9

    trained_with = changed.flights(tmp_path / "flights", change)
    digest = models.save(trained_with, tmp_path / "model")
    changed.flights(tmp_path / "flights")  # edited again, after the training
    assert plan.model_fn(tmp_path / "model", digest).workload.label.threshold == 0.9


def test_a_class_of_the_workload_s_own_is_found_in_the_model(tmp_path: Path) -> None:
    """Two models, the second with another class of the same name."""
    answers = []
    for number in (0.25, 0.75):
        code = (
            "import numpy\n\n\nclass Own:\n    def predict_proba(self, rows):\n"
            f"        return numpy.tile([1 - {number}, {number}], (len(rows), 1))\n"
        )
        place = tmp_path / str(number)
        workload = changed.flights(place / "flights", model__py=code)
        folder.use(workload.folder)
        own = importlib.import_module("workload.model").Own()
        digest = plan.save(place / "model", workload, Plan.of(workload), own)
        folder.use(spec.folder("flights"))
        shutil.rmtree(place / "flights")
        model = plan.model_fn(place / "model", digest)
        answers += model.answers({name: [None] for name in workload.features})[:, 0].tolist()
    assert answers == [0.25, 0.75]


def test_a_model_whose_contract_was_changed_is_refused(workload: Workload, tmp_path: Path) -> None:
    digest = models.save(workload, tmp_path)
    file = tmp_path / "workload" / "workload.yaml"
    file.write_text(file.read_text().replace("threshold: 0.5", "threshold: 0.1"))
    with pytest.raises(ArtifactError, match=r"workload/workload\.yaml was changed"):
        plan.model_fn(tmp_path, digest)


def test_a_contract_that_this_image_cannot_read_says_which_rule_it_breaks(workload: Workload, tmp_path: Path) -> None:
    models.save(workload, tmp_path)
    file = tmp_path / "workload" / "workload.yaml"
    file.write_text(file.read_text().replace("threshold: 0.5", "threshold: 1.5"))
    digest = artifact.write_manifest(tmp_path, workload.name)
    with pytest.raises(
        ArtifactError, match=r"workload of the model sha256:\w+ cannot be read: (?s:.)*label\.threshold"
    ):
        plan.model_fn(tmp_path, digest)
