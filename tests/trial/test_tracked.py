from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trial
from trial import tracked

# MLflow's own, over its own tables
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def run_of(folder: Path, name: str) -> Any:
    """Return the only run of a trial."""
    from mlflow import MlflowClient

    client = MlflowClient(tracked.database(folder))
    experiment = client.get_experiment_by_name("flights")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], f"tags.`{tracked.ID_TAG}` = '{name}'")
    return run


def test_a_trial_is_a_run_in_mlflow(first: trial.Trial, tracking: Path) -> None:
    name = tracked.record(first, tracking)
    assert tracked.collect(tracking) == [name]
    run = run_of(tracking, name)
    assert run.info.run_name == name
    assert run.info.status == "FINISHED"
    assert run.data.params["max_iter"] == "10"
    assert run.data.params["estimator"] == "sklearn.ensemble.HistGradientBoostingClassifier"
    measured = dict(zip(first.metrics["metric"], first.metrics["value"], strict=True))
    assert {name: run.data.metrics[name] for name in measured} == pytest.approx(measured)
    assert run.data.metrics["rows_examples"] == 26_865
    for what, digest in first.digests.items():
        assert run.data.tags[f"headrace.{what}_digest"] == digest
    table = tracking / "artifacts" / "flights" / run.info.run_id / "artifacts" / "importance.csv"
    with table.open() as file:
        assert [row["feature"] for row in csv.DictReader(file)] == list(first.importance["feature"])
    assert tracked.collect(tracking) == []


def test_a_record_that_a_killed_process_began_is_completed_once(
    first: trial.Trial, tracking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = tracked.record(first, tracking)
    with monkeypatch.context() as patch:
        patch.setattr("mlflow.MlflowClient.set_terminated", killed)
        with pytest.raises(KeyboardInterrupt):
            tracked.collect(tracking)
    begun = run_of(tracking, name)
    assert begun.info.status == "RUNNING"
    assert tracked.collect(tracking) == [name]
    run = run_of(tracking, name)
    assert (run.info.run_id, run.info.status) == (begun.info.run_id, "FINISHED")


def killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_process_of_its_own_tracks_what_waits(first: trial.Trial, tracking: Path) -> None:
    name = tracked.record(first, tracking)
    command = [sys.executable, "-m", "trial.tracked", str(tracking)]
    done = subprocess.run(command, cwd=tracked.ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert f"tracked {name}" in done.stdout
    assert run_of(tracking, name).info.status == "FINISHED"
