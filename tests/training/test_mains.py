"""What each job leaves behind: its files, its run's entries, and what it hands to AWS; all in this process."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pytest
from moto import mock_aws

from inference import artifact
from tests.training.made_up import ROWS, examples, packed, prepared, put
from tests.training.steps import mounted
from training import (
    approved,
    check,
    dataset,
    evaluate,
    feature_store,
    job,
    package,
    register,
    score,
    storage,
    tracking,
    train,
)
from training.job import JobError
from workloads.spec import FeatureType, Workload


class Run:
    """What a step's run was told."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self.metrics: dict[str, float] = {}
        self.tags: dict[str, str] = {}
        self.finished: list[str] = []

    def log(self, **said: dict[str, Any]) -> None:
        """Keep parameters, metrics and tags."""
        for kind, values in said.items():
            getattr(self, kind).update(values)

    def finish(self, status: str) -> None:
        """Keep how it was closed."""
        self.finished.append(status)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The one run of all steps."""
    made = Run()

    @contextlib.contextmanager
    def step(_: str) -> Iterator[Run]:
        yield made

    monkeypatch.setattr(tracking, "step", step)
    return made


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: Workload) -> Iterator[Path]:
    """The folder of a job, its environment, and S3 and SageMaker in this process."""
    settings = {
        "HEADRACE_PIPELINE_EXECUTION": "run-1",
        "HEADRACE_IMAGE_URI": "r/i@sha256:1",
        "HEADRACE_CODE_DIGEST": "code",
        "MODEL_PACKAGE_GROUP_NAME": "group",
        "ARTIFACTS_BUCKET": "artifacts",
        "AWS_DEFAULT_REGION": "us-east-1",
        **{f"FEATURE_GROUP_{entity.upper()}": f"{entity}-group" for entity in workload.entities},
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    mounted(tmp_path, workload, monkeypatch)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3")
        for bucket in ("artifacts", "curated"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="group")
        yield tmp_path


def test_training_writes_a_model_and_says_from_what_and_how(base: Path, run: Run, workload: Workload) -> None:
    parts = prepared(workload, base / "input/data")
    train.main()
    assert run.params == workload.estimator.parameters
    assert run.tags == {
        "headrace.dataset_version": "sha256:data",
        "headrace.model_digest": artifact.verify(base / "model"),
    }
    assert run.metrics == {"training_rows": parts.training.num_rows}


@pytest.mark.parametrize("limit", [10, 1000])
def test_the_check_reports_and_publishes_only_what_passes(
    base: Path, workload: Workload, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    limits = workload.check.model_copy(update={"minimum_rows": limit, "label_share": (0.0, 1.0)})
    monkeypatch.setattr(job, "workload", lambda: workload.model_copy(update={"check": limits}))
    published: list[tuple[str, str, int]] = []

    def publish(_: Workload, entity: str, history: pa.Table, group: str) -> int:
        published.append((entity, group, history.num_rows))
        return 1

    monkeypatch.setattr(feature_store, "publish", publish)
    folder = base / "processing/input"
    prepared(workload, folder)
    for number, entity in enumerate(workload.entities, start=1):
        put(pa.table({"a": [1] * number}), folder / "histories", entity)
    if limit > ROWS:
        with pytest.raises(JobError, match=f"at least {limit} rows, got "):
            check.main()
    else:
        check.main()
    report = json.loads((base / "processing/output/check/check.json").read_text())
    broken = [(one["column"], one["rows"], one["examples"]) for one in report["violations"]]
    assert broken == ([("training set", report["rows"], [])] if limit > ROWS else [])
    wanted = [(entity, f"{entity}-group", number) for number, entity in enumerate(workload.entities, start=1)]
    assert published == ([] if limit > ROWS else wanted)


def scored(base: Path, name: str, digest: str, answers: dict[str, float]) -> None:
    folder = base / "processing/input" / name
    folder.mkdir(parents=True)
    (folder / score.REPORT).write_text(json.dumps({"model_digest": digest}))
    lines = [f"{score.RECORD},probability", *(f"{record},{value!r}" for record, value in answers.items())]
    (folder / score.FILE).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(("good", "with_champion"), [(True, True), (True, False), (False, False)])
def test_an_evaluation_says_whether_the_gates_were_passed_and_against_whom(
    base: Path, run: Run, workload: Workload, good: bool, with_champion: bool
) -> None:
    folder = base / "processing/input"
    parts = prepared(workload, folder)
    digest, archive = packed(workload, base)
    boto3.client("s3").put_object(Bucket="curated", Key="m/model.tar.gz", Body=archive)
    (folder / "model").mkdir()
    (folder / "model" / score.ARCHIVE).write_bytes(archive)
    truth = dict(
        zip(
            parts.holdout[workload.examples.record_id].to_pylist(),
            parts.holdout[workload.label.name].to_pylist(),
            strict=True,
        )
    )
    scored(base, "scores", digest, {record: float(late == good) for record, late in truth.items()})
    scored(base, "champion_scores", "champion", dict.fromkeys(truth, 0.5))
    champion = {"model_package_arn": "arn", "model_digest": "champion"} if with_champion else {}
    (folder / "champion").mkdir()
    (folder / "champion" / approved.FILE).write_text(json.dumps(champion))
    evaluate.main(["--model", "s3://curated/m/model.tar.gz"])
    report = json.loads((base / "processing/output/evaluation" / evaluate.FILE).read_text())
    assert report["gates"] == {"passed": int(good)}
    assert (report["failure_message"] == "every gate passed") is good
    assert (report["model_digest"], report["dataset_version"]) == (digest, "sha256:data")
    assert report["metrics"]["roc_auc"] == (1.0 if good else 0.0)
    assert (report["champion"] or {}).get("model_digest") == champion.get("model_digest")
    assert run.tags == {"headrace.gates": "passed" if good else "failed"}
    assert run.finished == ([] if good else ["FAILED"])
    assert {name: run.metrics[name] for name in report["metrics"]} == report["metrics"]
    assert ("champion_roc_auc" in run.metrics) is with_champion
    seen = {"rows_arrivals": 7.0, "examples_label_null": 3.0, "examples_known_late": 1.0}
    assert seen.items() <= run.metrics.items()


def test_an_evaluation_asks_where_the_model_lies(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.main([])
    assert "--model" in capsys.readouterr().err


def test_what_passed_is_packaged_registered_and_becomes_the_champion(base: Path, run: Run, workload: Workload) -> None:
    folder = base / "processing/input"
    prepared(workload, folder)
    digest, archive = packed(workload, base)
    (folder / "model").mkdir()
    (folder / "model" / "model.tar.gz").write_bytes(archive)
    evaluation = {
        "gates": {"passed": 1},
        "model_digest": digest,
        "dataset_version": "sha256:data",
        "metrics": {"roc_auc": 0.75},
    }
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / evaluate.FILE).write_text(json.dumps(evaluation))
    package.main()
    described = json.loads((base / "processing/output/package" / package.FILE).read_text())
    prefix = "s3://artifacts/packages/group/run-1"
    names = {"manifest_uri": artifact.MANIFEST, "evaluation_uri": evaluate.FILE, "baseline_uri": "baseline.json"}
    assert {name: described[name] for name in names} == {name: f"{prefix}/{file}" for name, file in names.items()}
    assert run.tags == {"headrace.artifact": f"{prefix}/model.tar.gz"}
    s3 = boto3.client("s3")
    head = s3.head_object(Bucket="artifacts", Key="packages/group/run-1/model.tar.gz", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == described["artifact_sha256"]
    assert storage.read_uri(s3, described["evaluation_uri"]) == (folder / "evaluation" / evaluate.FILE).read_bytes()

    (folder / "package").mkdir()
    (folder / "package" / package.FILE).write_text(json.dumps(described))
    register.main()
    arn = json.loads((base / "processing/output/registered/registered.json").read_text())["model_package_arn"]
    assert (run.tags["headrace.model_package"], run.finished) == (arn, ["FINISHED"])
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "PendingManualApproval"

    champion = base / "processing/output/champion"
    approved.main()
    assert json.loads((champion / approved.FILE).read_text()) == {}
    assert not (champion / score.ARCHIVE).exists()
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    approved.main()
    assert json.loads((champion / approved.FILE).read_text()) == {"model_package_arn": arn, "model_digest": digest}
    assert (champion / score.ARCHIVE).read_bytes() == storage.read_uri(s3, described["model_data_url"])


def test_what_is_written_once_is_not_written_over(base: Path) -> None:
    assert base.exists()
    s3 = boto3.client("s3")
    first = storage.put_once(s3, "artifacts", "a", b"1", "text/plain")
    assert storage.put_once(s3, "artifacts", "a", b"1", "text/plain") == first
    with pytest.raises(JobError, match="must be written once"):
        storage.put_once(s3, "artifacts", "a", b"2", "text/plain")
    assert s3.get_object(Bucket="artifacts", Key="a")["Body"].read() == b"1"
    assert storage.versions(s3, "s3://artifacts/a") == 1
    with pytest.raises(s3.exceptions.NoSuchBucket):
        storage.put_once(s3, "nowhere", "a", b"1", "text/plain")


def test_a_median_takes_the_place_of_what_is_missing(workload: Workload) -> None:
    rows = examples(workload).to_pandas()
    number = next(name for name, feature in workload.features.items() if feature.type is FeatureType.NUMBER)
    rows[number] = [float(at) for at in range(ROWS)]
    estimator: dict[str, Any] = {
        "type": "sklearn.naive_bayes.GaussianNB",
        "parameters": {},
        "categorical_parameter": None,
    }
    for missing, filled in (("median", True), ("keep", False)):
        changed = workload.estimator.model_copy(update={**estimator, "missing": missing})
        other = workload.model_copy(update={"estimator": changed})
        how, _ = train.fit(other, rows, {})
        gap = {name: column[:1] for name, column in dataset.columns(other, rows).items()}
        gap[number] = np.array([np.nan])
        assert bool(np.isfinite(how.matrix(gap)).all()) is filled
