"""The pipeline's jobs, one process after the other, from raw Parquet in S3 to a registered package."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from inference import artifact, plan
from tests.training.chain import GROUPS, IMAGE, Chain, Job, OnlineStore
from tests.training.estimators import Rewriter
from training import dataset, prepare, register, storage
from training.job import JobError, feature_group_variable
from workloads.flights import ingest
from workloads.spec import Workload

MONTH = ("--data-start", "2013-01-01", "--data-end", "2013-02-01")


@dataclass
class Cloud:
    """Where the jobs of this module run: the chain, the local AWS's clients, the online store."""

    chain: Chain
    s3: Any
    sagemaker: Any
    online: OnlineStore


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    online = OnlineStore()
    store = online.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    s3, sagemaker = (boto3.client(name, endpoint_url=url, **keys) for name in ("s3", "sagemaker"))
    folder = tmp_path_factory.mktemp("chain")
    for bucket in ("raw", "artifacts", "curated"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    sagemaker.create_model_package_group(ModelPackageGroupName="flights")
    for file in ingest.files(["2013-01"]):
        s3.put_object(Bucket="raw", Key=file.key, Body=file.body)
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME": online.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HEADRACE_WORKLOAD": "flights",
        "HEADRACE_PIPELINE_EXECUTION": "execution1",
        "HEADRACE_CODE_DIGEST": "c" * 64,
        "HEADRACE_IMAGE_URI": IMAGE,
        "RAW_BUCKET": "raw",
        "ARTIFACTS_BUCKET": "artifacts",
        "MODEL_PACKAGE_GROUP_NAME": "flights",
        **{feature_group_variable(entity): group for entity, group in GROUPS.items()},
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    yield Cloud(Chain(folder / "first", environment), s3, sagemaker, online)
    store.shutdown()
    store.server_close()
    server.stop()


def _succeeded(job: Job) -> Job:
    assert job.code == 0, job.log
    return job


@pytest.fixture(scope="module")
def prepared(cloud: Cloud) -> Job:
    return _succeeded(cloud.chain.processing("prepare", *MONTH))


@pytest.fixture(scope="module")
def trained(cloud: Cloud, prepared: Job) -> Job:
    return _succeeded(cloud.chain.training(prepared.output("training")))


@pytest.fixture(scope="module")
def evaluated(cloud: Cloud, prepared: Job, trained: Job) -> Job:
    return _succeeded(_evaluate(cloud, cloud.chain, prepared, trained))


@pytest.fixture(scope="module")
def package(cloud: Cloud, prepared: Job, trained: Job, evaluated: Job) -> dict[str, Any]:
    packaged = _succeeded(_package(cloud.chain, prepared, trained, evaluated))
    inputs = {"package": packaged.output("package")}
    registered = _succeeded(cloud.chain.processing("register", inputs=inputs))
    arn = json.loads(registered.output("registered", "registered.json").read_text())["model_package_arn"]
    return dict(cloud.sagemaker.describe_model_package(ModelPackageName=arn))


def _evaluate(cloud: Cloud, chain: Chain, prepared: Job, trained: Job) -> Job:
    """Score the model and the champion, and evaluate what they answered."""
    key = f"train/model/{chain.environment['HEADRACE_PIPELINE_EXECUTION']}/model.tar.gz"
    packed = trained.folder / "packed"
    cloud.s3.put_object(Bucket="curated", Key=key, Body=(packed / "model.tar.gz").read_bytes())
    holdout = prepared.output("holdout")
    score = _succeeded(chain.scoring("score", inputs={"model": packed, "holdout": holdout}))
    approved = _succeeded(chain.processing("approved")).output("champion")
    champion = chain.scoring("champion", "--champion", inputs={"model": approved, "holdout": holdout})
    inputs = {
        "model": packed,
        "scores": score.output("scores"),
        "labels": prepared.output("labels"),
        "champion": approved,
        "champion_scores": _succeeded(champion).output("scores"),
    }
    return chain.processing("evaluate", "--model", f"s3://curated/{key}", inputs=inputs)


def _package(chain: Chain, prepared: Job, trained: Job, evaluated: Job) -> Job:
    evaluation = {"evaluation": evaluated.output("evaluation")}
    inputs = {"training": prepared.output("training"), "model": trained.folder / "packed", **evaluation}
    return chain.processing("package", inputs=inputs)


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
    _succeeded(cloud.chain.processing("check", inputs=inputs))
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
    assert container["Environment"] == {
        "HEADRACE_WORKLOAD": "flights",
        "HEADRACE_MODEL_DIGEST": properties["model_digest"],
    }
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
    assert all(register.storable(key, 128) and register.storable(value, 256) for key, value in properties.items())
    baseline = json.loads(cloud.s3.get_object(Bucket="artifacts", Key=f"{key}/baseline.json")["Body"].read())
    assert baseline["dataset"]["item_count"] > 15_000


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
    cloud.sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
    environment = {**cloud.chain.environment, "HEADRACE_PIPELINE_EXECUTION": "execution2", "OMP_NUM_THREADS": "2"}
    second = replace(cloud.chain, folder=cloud.chain.folder.parent / "second", environment=environment)
    again = _succeeded(second.processing("prepare", *MONTH))
    trained = _succeeded(second.training(again.output("training")))
    found = json.loads(
        _succeeded(_evaluate(cloud, second, again, trained)).output("evaluation", "evaluation.json").read_text()
    )
    first = json.loads(evaluated.output("evaluation", "evaluation.json").read_text())
    for name in ("model_digest", "metrics", "dataset_version"):
        assert found[name] == first[name]
    assert artifact.verify(trained.folder / "model", package["CustomerMetadataProperties"]["model_digest"])
    assert found["champion"]["model_package_arn"] == package["ModelPackageArn"]
    assert found["champion"]["metrics"] == first["metrics"]


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
    job = _package(chain, prepared, Job(tmp_path, 0, ""), evaluated)
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


def test_months_that_were_not_loaded_are_named(cloud: Cloud, tmp_path: Path) -> None:
    chain = replace(cloud.chain, folder=tmp_path)
    job = chain.processing("prepare", "--data-start", "2013-01-01", "--data-end", "2013-02-02")
    assert job.code == 1
    assert "it lacks raw/schedules/2013-02.parquet, raw/departures/2013-02.parquet, raw/arrivals" in job.reason


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
    assert job.reason.startswith("s3://narrow/raw/departures/2013-01.parquet must have the columns")
    assert "it lacks origin, departure_delay" in job.reason
