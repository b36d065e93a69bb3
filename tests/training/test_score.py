"""What a scoring job does with models, good and bad: it runs in a process like the real one."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference import artifact, plan
from inference.estimators import Estimator
from tests import changed
from tests.training.chain import ROOT, Chain, Job
from tests.training.estimators import Constant, Crash, FromAnotherVersion, Rewriter
from workloads.spec import FeatureType, Workload

RECORDS = ["UA1-EWR", 'a "quoted", one', "B6-3"]


@pytest.fixture
def holdout(tmp_path: Path, workload: Workload) -> Path:
    """Three rows of a hold-out without labels, whose features are all missing."""
    kinds = {
        name: pa.string() if feature.type is FeatureType.CATEGORY else pa.float64()
        for name, feature in workload.features.items()
    }
    columns = {name: pa.nulls(len(RECORDS), kind) for name, kind in kinds.items()}
    (tmp_path / "holdout").mkdir()
    table = pa.table({workload.examples.record_id: RECORDS, **columns})
    pq.write_table(table, tmp_path / "holdout" / "holdout.parquet")
    return tmp_path / "holdout"


def packed(folder: Path, workload: Workload, estimator: Estimator | None) -> Path:
    """Pack a model with an estimator; None stands for one whose library is gone."""
    files = folder / "files"
    plan.save(files, workload, plan.Plan.of(workload), estimator or Constant())
    if estimator is None:
        (files / plan.ESTIMATOR_FILE).write_bytes(b"cgone_library\nEstimator\n.")
        artifact.write_manifest(files, workload.name)
    (folder / "model").mkdir()
    (folder / "model" / "model.tar.gz").write_bytes(artifact.archive(files))
    return folder / "model"


def score(folder: Path, model: Path, holdout: Path, *arguments: str, workload: Path | None = None) -> Job:
    """Run the job, with the flights' workload unless another one is given."""
    chain = Chain(folder / "jobs", {}, workload or ROOT / "workloads" / "flights")
    return chain.scoring("score", *arguments, inputs={"model": model, "holdout": holdout})


def test_probabilities_are_written_row_by_row(tmp_path: Path, workload: Workload, holdout: Path) -> None:
    job = score(tmp_path, packed(tmp_path, workload, Constant(0.1)), holdout)
    assert job.code == 0, job.log
    lines = job.output("scores", "answers.csv").read_text().splitlines()
    assert lines == ["record_id,probability", "UA1-EWR,0.1", '"a ""quoted"", one",0.1', "B6-3,0.1"]
    digest = artifact.digest((tmp_path / "files" / artifact.MANIFEST).read_bytes())
    assert json.loads(job.output("scores", "scored.json").read_text()) == {"model_digest": digest}


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (None, "does not load: ModuleNotFoundError: No module named 'gone_library'"),
        (FromAnotherVersion(), "no attribute '_raw_predict'"),
        (Crash(), "the model's process ended with signal SIGKILL"),
    ],
)
def test_a_model_that_cannot_answer_ends_its_job_with_the_reason_and_a_champion_does_not(
    tmp_path: Path, workload: Workload, holdout: Path, estimator: Estimator | None, reason: str
) -> None:
    model = packed(tmp_path, workload, estimator)
    job = score(tmp_path / "model-run", model, holdout)
    assert job.code == 1
    assert reason in job.reason
    champion = score(tmp_path / "champion-run", model, holdout, "--champion")
    assert champion.code == 0, champion.log
    assert reason in json.loads(champion.output("scores", "scored.json").read_text())["reason"]
    assert not champion.output("scores", "answers.csv").exists()


def test_without_a_champion_there_is_nothing_to_score(tmp_path: Path, holdout: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "champion.json").write_text("{}")
    job = score(tmp_path, tmp_path / "model", holdout, "--champion")
    assert job.code == 0, job.log
    assert json.loads(job.output("scores", "scored.json").read_text()) == {}


def reason(job: Job) -> str:
    """Why a champion was not scored."""
    assert job.code == 0, job.log
    return str(json.loads(job.output("scores", "scored.json").read_text())["reason"])


def test_a_champion_whose_question_or_inputs_are_gone_says_which(
    tmp_path: Path, workload: Workload, holdout: Path
) -> None:
    def change(document: dict[str, Any]) -> None:
        document["examples"]["view"] = "now"
        document["label"]["name"] = "later"
        del document["features"]["visibility"]
        document["features"]["distance"] = {"description": "d", "type": "category", "categories": ["far"]}

    sql = "CREATE VIEW now AS SELECT * REPLACE (distance::VARCHAR AS distance), late AS later FROM examples;"
    changed.flights(tmp_path / "now", change, features__sql=sql)
    model = packed(tmp_path, workload, Constant())
    job = score(tmp_path, model, holdout, "--champion", workload=tmp_path / "now")
    assert reason(job) == (
        "The model cannot be asked about this hold-out, which asks for later, not late; "
        "has distance as category, not integer; lacks visibility."
    )


def test_a_champion_is_asked_by_the_contract_that_it_was_trained_with(
    tmp_path: Path, workload: Workload, holdout: Path
) -> None:
    """Today's workload has one feature more, and other categories of another."""

    def change(document: dict[str, Any]) -> None:
        document["examples"]["view"] = "now"
        document["features"]["kilometres"] = {"description": "d", "type": "number"}
        document["features"]["origin"]["categories"] = ["EWR", "JFK", "LGA", "HPN"]

    sql = "CREATE VIEW now AS SELECT *, distance * 1.6 AS kilometres FROM examples;"
    changed.flights(tmp_path / "now", change, features__sql=sql)
    job = score(tmp_path, packed(tmp_path, workload, Constant(0.2)), holdout, "--champion", workload=tmp_path / "now")
    assert job.code == 0, job.log
    assert "UA1-EWR,0.2" in job.output("scores", "answers.csv").read_text()


def test_a_champion_of_before_models_carried_their_workload_says_so(
    tmp_path: Path, workload: Workload, holdout: Path
) -> None:
    files = tmp_path / "files"
    packed(tmp_path, workload, Constant())
    shutil.rmtree(files / artifact.WORKLOAD)
    artifact.write_manifest(files, workload.name)
    (tmp_path / "model" / "model.tar.gz").write_bytes(artifact.archive(files))
    said = reason(score(tmp_path, tmp_path / "model", holdout, "--champion"))
    assert "must carry its workload's files in workload/, and has none" in said


def test_a_workload_that_was_changed_under_way_is_not_used(tmp_path: Path, workload: Workload, holdout: Path) -> None:
    """Whoever may write to the bucket could change what a job mounts."""
    chain = Chain(tmp_path / "jobs", {})
    inputs = {"model": packed(tmp_path, workload, Constant()), "holdout": holdout}
    job = chain.processing("score", inputs=inputs, HEADRACE_WORKLOAD_DIGEST="f" * 64)
    assert job.code == 1
    assert f"must have the digest {'f' * 64}, with which the pipeline was deployed, and has " in job.reason
    assert not job.output("scores", "answers.csv").exists()


def test_a_changed_file_is_not_loaded(tmp_path: Path, workload: Workload, holdout: Path) -> None:
    packed(tmp_path, workload, Constant())
    (tmp_path / "files" / plan.ESTIMATOR_FILE).write_bytes(pickle.dumps(Rewriter()))
    (tmp_path / "model" / "model.tar.gz").write_bytes(artifact.archive(tmp_path / "files"))
    job = score(tmp_path, tmp_path / "model", holdout)
    assert "The model's files must be those of its manifest: estimator.pkl was changed" in job.reason
    assert not (job.folder / "loaded").exists()
