"""What the pipeline's jobs refuse, and how they say it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from inference import artifact, plan
from tests.training.chain import Job
from tests.training.estimators import Rewriter
from tests.training.steps import MONTH, Cloud, packaged_by
from training import prepare, storage
from training.job import JobError
from workloads.flights import ingest
from workloads.spec import Workload


def test_a_packages_objects_are_written_once(cloud: Cloud, package: dict[str, Any]) -> None:
    key = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"].removeprefix("s3://artifacts/")
    body = cloud.s3.get_object(Bucket="artifacts", Key=key)["Body"].read()
    checksum = package["CustomerMetadataProperties"]["artifact_sha256"]
    assert storage.put_once(cloud.s3, "artifacts", key, body, "application/x-tar") == checksum  # a retry
    with pytest.raises(JobError, match=f"s3://artifacts/{key} must be written once: it holds SHA-256 "):
        storage.put_once(cloud.s3, "artifacts", key, b"another model", "application/x-tar")
    assert len(cloud.s3.list_object_versions(Bucket="artifacts", Prefix=key)["Versions"]) == 1


def test_a_model_under_its_gate_is_not_packaged(cloud: Cloud, prepared: Job, trained: Job, tmp_path: Path) -> None:
    report = {"gates": {"passed": 0}, "failure_message": "roc_auc must be at least 0.72, got 0.5100"}
    (tmp_path / "evaluated").mkdir()
    (tmp_path / "evaluated" / "evaluation.json").write_text(json.dumps(report))
    chain = replace(cloud.chain, folder=tmp_path / "jobs")
    inputs = {
        "training": prepared.output("training"),
        "model": trained.folder / "packed",
        "evaluation": tmp_path / "evaluated",
    }
    job = chain.processing("package", inputs=inputs)
    assert job.code == 1
    assert job.reason == ("Only a model that passed its gates is packaged: roc_auc must be at least 0.72, got 0.5100")


def test_only_the_model_that_was_evaluated_is_packaged(
    cloud: Cloud, prepared: Job, evaluated: Job, tmp_path: Path, workload: Workload
) -> None:
    """Training's role can write another one below its prefix at any time; whoever may register does not load it."""
    other = plan.save(tmp_path / "model", workload, plan.Plan.of(workload), Rewriter())
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "model.tar.gz").write_bytes(artifact.archive(tmp_path / "model"))
    environment = {**cloud.chain.environment, "HEADRACE_PIPELINE_EXECUTION": "swapped"}
    chain = replace(cloud.chain, folder=tmp_path / "jobs", environment=environment)
    job = packaged_by(chain, prepared, Job(tmp_path, 0, ""), evaluated)
    assert job.code == 1
    digest = json.loads(evaluated.output("evaluation", "evaluation.json").read_text())["model_digest"]
    assert f"The model's digest must be {digest}, got {other}" in job.reason
    assert not (job.folder / "loaded").exists()
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket="artifacts", Prefix="packages/flights/swapped")


def test_an_estimator_that_refuses_says_why(cloud: Cloud, prepared: Job, tmp_path: Path) -> None:
    rows = pq.read_table(prepared.output("training", "training.parquet"))
    (tmp_path / "training").mkdir()
    pq.write_table(rows.slice(0, 0), tmp_path / "training" / "training.parquet")
    (tmp_path / "training" / "dataset_version.json").write_text('{"dataset_version": "sha256:none"}')
    environment = {**cloud.chain.environment, "HEADRACE_PIPELINE_EXECUTION": "failing"}
    job = replace(cloud.chain, folder=tmp_path / "jobs", environment=environment).training(tmp_path / "training")
    assert job.code == 1
    assert "minimum of 1 is required" in job.reason
    assert "Traceback" in job.log
    assert "Traceback" not in job.reason


def test_dates_of_which_nothing_was_loaded_are_refused(cloud: Cloud, tmp_path: Path) -> None:
    chain = replace(cloud.chain, folder=tmp_path)
    job = chain.processing("prepare", "--data-start", "2013-05-01", "--data-end", "2013-06-01")
    assert job.code == 1
    assert (
        "examples must have rows between DataStart and DataEnd, got none from 2013-05-01 to 2013-06-01." in job.reason
    )
    assert "No row of schedules, departures, arrivals, weather lies between them. Load events of these" in job.reason


def test_impossible_dates_are_refused_before_anything_is_read() -> None:
    with pytest.raises(JobError) as refused:
        prepare.main(["--data-start", "January", "--data-end", "2013-2-1"])
    assert str(refused.value) == (
        "DataStart must be an ISO date, got 'January'. Write it as 2013-01-31.\n"
        "DataEnd must be an ISO date, got '2013-2-1'. Write it as 2013-01-31."
    )
    with pytest.raises(JobError, match="DataStart must be before DataEnd, got 2013-03-01 and 2013-01-01"):
        prepare.main(["--data-start", "2013-03-01", "--data-end", "2013-01-01"])


def test_a_missing_column_in_the_raw_data_is_named(cloud: Cloud, tmp_path: Path, workload: Workload) -> None:
    cloud.s3.create_bucket(Bucket="narrow")
    cloud.s3.put_bucket_versioning(Bucket="narrow", VersioningConfiguration={"Status": "Enabled"})
    for file in ingest.files(["2013-01"]):
        body = file.body
        if file.source == "departures":
            out = io.BytesIO()
            table = pq.read_table(io.BytesIO(body)).drop_columns(["origin", "departure_delay"])
            pq.write_table(table, out)
            body = out.getvalue()
        cloud.s3.put_object(Bucket="narrow", Key=file.key, Body=body)
    job = replace(cloud.chain, folder=tmp_path).processing("prepare", *MONTH, RAW_BUCKET="narrow")
    assert job.code == 1
    assert job.reason.startswith("s3://narrow holds raw data that cannot be read:\n")
    for column in ("origin", "departure_delay"):
        assert f"\nraw/departures/2013-01.parquet: {column} must be a column of the file. Load" in job.reason
