"""The pipeline's jobs, one process after the other, from raw Parquet in S3 to a registered package."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import trial
from inference import artifact
from tests.training.chain import GROUPS, IMAGE, Job
from tests.training.steps import MONTH, Cloud, evaluated_by, succeeded
from training import dataset, register
from trial.cache import Cache
from workloads.flights import ingest
from workloads.spec import Workload


def test_prepare_records_the_versions_that_it_read(cloud: Cloud, prepared: Job) -> None:
    record = json.loads(prepared.output("training", "dataset_version.json").read_text())
    assert len(record["objects"]) == len(ingest.SOURCES)
    for read in record["objects"]:
        head = cloud.s3.head_object(Bucket="raw", Key=read["key"])
        assert (head["VersionId"], head["ETag"].strip('"')) == (read["version_id"], read["etag"])
    assert record["dataset_version"] in prepared.log


def test_the_examples_hold_only_answers_known_before_their_end(prepared: Job, workload: Workload) -> None:
    rows = dataset.whole(workload, {part: dataset.read(prepared.output(part), part) for part in dataset.PARTS})
    assert rows.late.notna().all()
    assert rows.arrived_at.max() < pd.Timestamp("2013-02-01", tz="UTC")
    assert 0.2 < rows.late.mean() < 0.3


def test_training_and_scoring_are_given_no_answer_of_the_holdout(prepared: Job, workload: Workload) -> None:
    parts = {part: dataset.read(prepared.output(part), part) for part in dataset.PARTS}
    records = {name: set(part["flight_id"].to_pylist()) for name, part in parts.items()}
    assert records["holdout"] == records["labels"]
    assert not records["holdout"] & records["training"]
    assert parts["holdout"].column_names == ["flight_id", *workload.features]
    asked, known = parts["labels"]["event_time"].to_pandas(), parts["training"]["arrived_at"].to_pandas()
    assert known.max() < asked.min()
    assert sorted(path.name for path in prepared.output("training").iterdir()) == [
        "dataset_version.json",
        "training.parquet",
    ]


def test_what_passes_the_check_is_published_to_the_online_store(cloud: Cloud, prepared: Job) -> None:
    inputs = {name: prepared.output(name) for name in (*dataset.PARTS, "histories")}
    succeeded(cloud.chain.processing("check", inputs=inputs))
    history = pq.read_table(prepared.output("histories", "aircraft.parquet")).to_pandas()
    newest = history.groupby("tail_number").last()
    records = cloud.online.records[GROUPS["aircraft"]]
    assert cloud.online.largest_batch <= 25
    assert set(records) == set(newest.index)
    some = records["N14228"]
    assert float(some["aircraft_arrival_delay"]) == newest.loc["N14228"].aircraft_arrival_delay
    assert pd.Timestamp(some["event_time"]) == newest.loc["N14228"].event_time
    assert set(cloud.online.records[GROUPS["origin"]]) == {"EWR", "JFK", "LGA"}


def test_data_that_breaks_a_rule_ends_the_check_and_publishes_nothing(
    cloud: Cloud, prepared: Job, tmp_path: Path
) -> None:
    rows = pq.read_table(prepared.output("training", "training.parquet")).to_pandas()
    table = pq.read_table(prepared.output("training", "training.parquet"))
    rows.loc[:9, "visibility"] = 99.0
    at = table.column_names.index("visibility")
    (tmp_path / "training").mkdir()
    changed = table.set_column(at, "visibility", pa.array(rows.visibility, from_pandas=True))
    pq.write_table(changed, tmp_path / "training" / "training.parquet")
    nowhere = {"AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME": "http://127.0.0.1:1"}
    chain = replace(cloud.chain, folder=tmp_path / "jobs")
    inputs = {name: prepared.output(name) for name in ("holdout", "labels", "histories")}
    inputs["training"] = tmp_path / "training"
    job = chain.processing("check", inputs=inputs, **nowhere)
    assert job.code == 1
    assert "visibility must be at most 10: broken in 10 rows, such as 99.0" in job.reason
    assert json.loads(job.output("check", "check.json").read_text())["violations"][0]["rows"] == 10


def test_the_model_passes_its_gates_on_the_newest_flights(evaluated: Job) -> None:
    evaluation = json.loads(evaluated.output("evaluation", "evaluation.json").read_text())
    assert evaluation["gates"] == {"passed": 1}
    assert evaluation["champion"] is None
    assert evaluation["metrics"]["roc_auc"] > 0.72
    assert evaluation["training"]["to"] < evaluation["holdout"]["from"]


def test_the_package_carries_where_the_model_comes_from(cloud: Cloud, prepared: Job, package: dict[str, Any]) -> None:
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    container = package["InferenceSpecification"]["Containers"][0]
    properties = package["CustomerMetadataProperties"]
    key = "packages/flights/execution1"
    assert container["Image"] == IMAGE
    assert container["ModelDataUrl"] == f"s3://artifacts/{key}/model.tar.gz"
    assert container["Environment"] == {"HEADRACE_MODEL_DIGEST": properties["model_digest"]}
    manifest = cloud.s3.get_object(Bucket="artifacts", Key=f"{key}/manifest.json")["Body"].read()
    assert properties["model_digest"] == f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    body = cloud.s3.get_object(Bucket="artifacts", Key=f"{key}/model.tar.gz")["Body"].read()
    assert properties["artifact_sha256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()
    record = json.loads(prepared.output("training", "dataset_version.json").read_text())
    assert properties["dataset_version"] == record["dataset_version"]
    assert properties["image_digest"] == "sha256:" + "a" * 64
    assert (properties["gates"], properties["pipeline_execution"]) == ("passed", "execution1")
    assert float(properties["metric_roc_auc"]) > 0.72
    assert properties["parameter_max_iter"] == "150"
    assert {entity: properties[f"feature_group_{entity}"] for entity in GROUPS} == GROUPS
    assert all(register.storable(key, 128) and register.storable(value, 256) for key, value in properties.items())
    baseline = json.loads(cloud.s3.get_object(Bucket="artifacts", Key=f"{key}/baseline.json")["Body"].read())
    assert baseline["dataset"]["item_count"] > 15_000
    assert 0.2 < baseline["label"]["numerical_statistics"]["mean"] < 0.3


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # MLflow's, over its own tables
def test_the_run_is_tracked_from_data_to_package(cloud: Cloud, package: dict[str, Any]) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(cloud.chain.environment["MLFLOW_TRACKING_URI"])
    experiment = client.get_experiment_by_name("flights")
    assert experiment is not None
    runs = [run for run in client.search_runs([experiment.experiment_id]) if run.info.run_name == "execution1"]
    assert len(runs) == 1
    run, properties = runs[0], package["CustomerMetadataProperties"]
    assert run.info.status == "FINISHED"
    assert run.data.tags["headrace.model_digest"] == properties["model_digest"]
    assert run.data.tags["headrace.dataset_version"] == properties["dataset_version"]
    assert run.data.tags["headrace.image"] == IMAGE
    assert run.data.tags["headrace.model_package"] == package["ModelPackageArn"]
    assert run.data.params["max_leaf_nodes"] == "20"
    assert run.data.metrics["roc_auc"] == pytest.approx(float(properties["metric_roc_auc"]), abs=1e-6)


def test_the_same_data_give_the_same_model_and_the_champion_is_met_again(
    cloud: Cloud, prepared: Job, evaluated: Job, package: dict[str, Any]
) -> None:
    """With other threads, and each job in a process that was started anew."""
    cloud.sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
    environment = {**cloud.chain.environment, "HEADRACE_PIPELINE_EXECUTION": "execution2", "OMP_NUM_THREADS": "2"}
    anew = cloud.chain.folder.parent / "second"
    second = replace(cloud.chain, folder=anew, environment=environment, warm=None)
    again = succeeded(second.processing("prepare", *MONTH))
    trained = succeeded(second.training(again.output("training")))
    found = json.loads(
        succeeded(evaluated_by(cloud, second, again, trained)).output("evaluation", "evaluation.json").read_text()
    )
    first = json.loads(evaluated.output("evaluation", "evaluation.json").read_text())
    for name in ("model_digest", "metrics", "dataset_version"):
        assert found[name] == first[name]
    assert artifact.verify(trained.folder / "model", package["CustomerMetadataProperties"]["model_digest"])
    assert found["champion"]["model_package_arn"] == package["ModelPackageArn"]
    assert found["champion"]["metrics"] == first["metrics"]


def test_a_trial_of_the_same_files_gives_the_same_model_and_metrics(evaluated: Job, tmp_path: Path) -> None:
    for file in ingest.files(["2013-01"]):
        path = tmp_path / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
    found = trial.run("flights", tmp_path, start="2013-01-01", end="2013-02-01", cache=Cache(tmp_path / "cache"))
    evaluation = json.loads(evaluated.output("evaluation", "evaluation.json").read_text())
    assert found.digests["model"] == evaluation["model_digest"]
    assert dict(zip(found.metrics["metric"], found.metrics["value"], strict=True)) == evaluation["metrics"]
    assert found.gates.message == evaluation["failure_message"]
    for part in ("training", "holdout"):
        assert found.rows[part] == evaluation[part]["rows"]
