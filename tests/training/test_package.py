"""What is packaged is what was evaluated, and passed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference import artifact, plan
from inference.estimators import Prior
from tests import changed
from tests.training.steps import mounted
from training import evaluate, package, storage, tracking
from training.job import JobError
from workloads.spec import Workload


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: Workload) -> Path:
    """The inputs of a packaging job: a model, and an evaluation of it that passed."""

    @contextlib.contextmanager
    def step(_: str) -> Iterator[None]:
        yield

    def refuse(*_: object) -> Any:
        raise AssertionError("something was written")

    mounted(tmp_path, workload, monkeypatch)
    monkeypatch.setattr(tracking, "step", step)
    monkeypatch.setattr(storage, "client", refuse)
    folder = tmp_path / "processing/input"
    for name in ("model", "evaluation", "training"):
        (folder / name).mkdir(parents=True)
    digest = plan.save(tmp_path / "made", workload, plan.Plan.of(workload), Prior((0.5, 0.5)))
    (folder / "model/model.tar.gz").write_bytes(artifact.archive(tmp_path / "made"))
    said = {"gates": {"passed": 1}, "model_digest": digest, "failure_message": "roc_auc must be more"}
    (folder / "evaluation" / evaluate.FILE).write_text(json.dumps(said), encoding="utf-8")
    return folder


def change(inputs: Path, **said: object) -> None:
    """Change what the evaluation says."""
    file = inputs / "evaluation" / evaluate.FILE
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **said}), encoding="utf-8")


@pytest.mark.parametrize("passed", [0, -1, 2, None])
def test_a_model_that_did_not_pass_its_gates_is_not_packaged(inputs: Path, passed: object) -> None:
    change(inputs, gates={"passed": passed})
    with pytest.raises(JobError, match="Only a model that passed its gates is packaged: roc_auc must be more"):
        package.main()


def test_another_model_than_was_evaluated_is_not_packaged(inputs: Path) -> None:
    change(inputs, model_digest="sha256:" + "0" * 64)
    with pytest.raises(artifact.ArtifactError, match="sha256:000"):
        package.main()


def test_a_model_whose_file_was_changed_is_not_packaged(inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "made" / plan.ESTIMATOR_FILE).write_bytes(b"other")
    (inputs / "model/model.tar.gz").write_bytes(artifact.archive(tmp_path / "made"))
    with pytest.raises(artifact.ArtifactError, match=plan.ESTIMATOR_FILE):
        package.main()


def test_without_the_refusals_the_job_goes_on_to_the_data(inputs: Path) -> None:
    """So the tests above are refused for their reason, and not for what else is missing here."""
    with pytest.raises(JobError, match=r"The training \w+ must be at"):
        package.main()


def test_a_model_that_packed_another_contract_than_it_was_evaluated_by_is_not_packaged(
    inputs: Path, workload: Workload, tmp_path: Path
) -> None:
    """Training runs its maker's code, which could let the model answer by a threshold of its own."""

    def stricter(document: dict[str, Any]) -> None:
        document["label"]["threshold"] = 0.9

    other = changed.flights(tmp_path / "other", stricter)
    digest = plan.save(tmp_path / "again", other, plan.Plan.of(workload), Prior((0.5, 0.5)))
    (inputs / "model/model.tar.gz").write_bytes(artifact.archive(tmp_path / "again"))
    change(inputs, model_digest=digest)
    with pytest.raises(JobError, match="The model must carry the workload"):
        package.main()
