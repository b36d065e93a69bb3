"""Rows become numbers the same way in training and in serving."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import artifact, plan
from inference.artifact import ArtifactError
from inference.plan import Input, Plan
from tests.inference import models
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
    model = plan.model_fn(tmp_path, workload, digest)
    rows = [dict.fromkeys(workload.features) | instance | {"departure_minute": minute} for minute in (60, 1200)]
    assert model.digest == digest
    assert plan.predict_fn(rows, model).tolist() == [[0.0], [1.0]]


def test_the_bootstrap_model_answers_the_prior_and_needs_no_files(workload: Workload, tmp_path: Path) -> None:
    model = plan.model_fn(tmp_path / "nowhere", workload, "bootstrap")
    assert model.digest == "bootstrap"
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
        plan.model_fn(folder, workload, digest)
    assert not trace.exists()


def test_a_file_that_is_no_estimator_is_named_with_the_reason(workload: Workload, tmp_path: Path) -> None:
    models.save(workload, tmp_path)
    (tmp_path / "estimator.pkl").write_bytes(b"not a pickle")
    digest = artifact.write_manifest(tmp_path, workload.name)
    with pytest.raises(ArtifactError, match=f"The model {digest} does not load: UnpicklingError"):
        plan.model_fn(tmp_path, workload, digest)
