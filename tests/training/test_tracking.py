"""What an MLflow run of a pipeline's execution says of where its model comes from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import mlflow
import pytest

from agreements import variables
from training import tracking

TOLD = {
    variables.MLFLOW_TRACKING_URI: "http://127.0.0.1:9",
    variables.MLFLOW_EXPERIMENT_NAME: "flights",
    variables.PIPELINE_EXECUTION: "execution-1",
    variables.CODE_DIGEST: "c0de",
    variables.WORKLOAD_DIGEST: "f11e5",
    variables.IMAGE_URI: "images@sha256:1",
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The tags of each run that is made, by a server that has none yet."""
    given: list[dict[str, str]] = []

    class Client:
        def __init__(self, tracking_uri: str) -> None:
            assert tracking_uri == TOLD[variables.MLFLOW_TRACKING_URI]

        def get_experiment_by_name(self, name: str) -> Any:
            return SimpleNamespace(experiment_id=name)

        def search_runs(self, *_: Any, **__: Any) -> list[Any]:
            return []

        def create_run(self, experiment: str, run_name: str, tags: dict[str, str]) -> Any:
            assert (experiment, run_name) == ("flights", "execution-1")
            given.append(tags)
            return SimpleNamespace(info=SimpleNamespace(run_id="run-1"))

    monkeypatch.setattr(mlflow, "MlflowClient", Client)
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    return given


def test_a_run_names_its_execution_code_workload_and_image(made: list[dict[str, str]]) -> None:
    assert tracking._open().run_id == "run-1"
    (tags,) = made
    assert tags == {
        tracking.EXECUTION_TAG: "execution-1",
        "headrace.code_digest": "c0de",
        "headrace.workload_digest": "f11e5",
        "headrace.image": "images@sha256:1",
    }
