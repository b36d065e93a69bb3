"""Who judges a model runs none of its code and believes nothing that it says."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference import artifact, plan
from tests.training.estimators import Constant, Rewriter
from tests.training.steps import Cloud
from training import approved, evaluate
from training.job import JobError
from training.metrics import measure
from workloads.spec import Workload

RECORDS = ["one", "two", "three"]
LABELS = np.array([True, False, True])
HEADER = "record_id,probability"


def written(folder: Path, *lines: str) -> Path:
    """Write a scoring job's file."""
    file = folder / "answers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_numbers_of_the_right_rows_are_read_as_they_were_written(tmp_path: Path, workload: Workload) -> None:
    third = math.nextafter(1 / 3, 1)
    file = written(tmp_path, HEADER, f"one,{third!r}", "two,0", "three,1e-300")
    assert evaluate.read_answers(workload, file, RECORDS).tolist() == [[third], [0.0], [1e-300]]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "must begin with the line record_id,probability"),
        (["id,p", "one,0.1", "two,0.2", "three,0.3"], "must begin with the line record_id,probability"),
        ([HEADER, "one,0.1", "two,0.2"], "must have the hold-out's 3 rows, got 2"),
        ([HEADER, "one,0.1", "two,0.2", "three,0.3", "one,1"], "rows in their order; row 4 is of 'one'"),
        ([HEADER, "two,0.2", "one,0.1", "three,0.3"], "rows in their order; row 1 is of 'two'"),
        ([HEADER, "one,0.1", "two,nan", "three,0.3"], "must be from 0 to 1, got nan for 'two'"),
        ([HEADER, "one,0.1", "two,inf", "three,0.3"], "must be from 0 to 1, got inf for 'two'"),
        ([HEADER, "one,0.1", "two,-0.1", "three,0.3"], "must be from 0 to 1, got -0.1 for 'two'"),
        ([HEADER, "one,0.1", "two,1.1", "three,0.3"], "must be from 0 to 1, got 1.1 for 'two'"),
        ([HEADER, "one,0.1", "two,high", "three,0.3"], "line 3, must be a row of a table of identifiers and numbers"),
        ([HEADER, "one,0.1,9", "two,0.2", "three,0.3"], "line 2, must be a row of a table of identifiers and numbers"),
        ([HEADER, "one," + "9" * 500], "must have at most"),
    ],
)
def test_what_is_not_a_probability_of_each_row_is_refused(
    tmp_path: Path, workload: Workload, lines: list[str], problem: str
) -> None:
    with pytest.raises(JobError, match=problem):
        evaluate.read_answers(workload, written(tmp_path, *lines), RECORDS)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path, workload: Workload) -> None:
    (tmp_path / "answers.csv").write_bytes(b"record_id,probability\n\xff\xfe\n")
    with pytest.raises(JobError, match="must be a row of a table of identifiers and numbers"):
        evaluate.read_answers(workload, tmp_path / "answers.csv", RECORDS)
    with pytest.raises(JobError, match="the scoring job wrote none"):
        evaluate.read_answers(workload, tmp_path / "nothing.csv", RECORDS)


def test_scores_of_another_model_are_refused(tmp_path: Path, workload: Workload) -> None:
    written(tmp_path, HEADER, "one,0.9", "two,0.1", "three,0.8")
    (tmp_path / "scored.json").write_text('{"model_digest": "sha256:1"}')
    assert evaluate.model_answers(workload, tmp_path, "sha256:1", RECORDS).tolist() == [[0.9], [0.1], [0.8]]
    with pytest.raises(JobError, match="must be those of the model sha256:2, and say that they are of sha256:1"):
        evaluate.model_answers(workload, tmp_path, "sha256:2", RECORDS)
    (tmp_path / "scored.json").unlink()
    with pytest.raises(JobError, match="say that they are of none"):
        evaluate.model_answers(workload, tmp_path, "sha256:1", RECORDS)


def test_a_champion_is_measured_by_its_scores(tmp_path: Path, workload: Workload) -> None:
    (tmp_path / "scored.json").write_text('{"model_digest": "sha256:1"}')
    written(tmp_path, HEADER, "one,0.9", "two,0.1", "three,0.8")
    champion = {"model_package_arn": "arn", "model_digest": "sha256:1"}
    found = evaluate.champion_metrics(workload, champion, tmp_path, LABELS, RECORDS)
    assert found == {**champion, "metrics": measure(workload, LABELS, np.array([[0.9], [0.1], [0.8]]))}
    assert evaluate.champion_metrics(workload, {}, tmp_path, LABELS, RECORDS) is None


@pytest.mark.parametrize(
    ("report", "line", "reason"),
    [
        ('{"reason": "it does\\nnot load"}', "", "it does not load"),
        ("{}", "one,2\ntwo,0\nthree,1", "A probability must be from 0 to 1, got 2 for 'one'"),
        ("[]", "one,0.5", "must have the hold-out's 3 rows, got 1"),
    ],
)
def test_a_champion_that_cannot_be_measured_keeps_nobody_out_and_the_report_says_why(
    tmp_path: Path, workload: Workload, report: str, line: str, reason: str
) -> None:
    (tmp_path / "scored.json").write_text(report)
    written(tmp_path, HEADER, *([line] if line else []))
    found = evaluate.champion_metrics(workload, {"model_package_arn": "arn"}, tmp_path, LABELS, RECORDS)
    assert found is not None
    assert found["metrics"] is None
    assert reason in found["reason"]
    good = {"roc_auc": 0.78, "average_precision": 0.5, "brier_score": 0.13, "log_loss": 0.43}
    assert evaluate.broken_gates(workload, good, found["metrics"]) == []


def test_a_champion_that_was_not_handed_on_is_not_measured(
    tmp_path: Path, workload: Workload, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {"model_package_arn": "arn", "reason": "there is nothing at s3://gone"}
    assert evaluate.champion_metrics(workload, known, tmp_path, LABELS, RECORDS) == {**known, "metrics": None}
    said = "The champion cannot be compared, so its gate is not applied: there is nothing at s3://gone"
    assert said in capsys.readouterr().out


@dataclass(frozen=True)
class Store:
    """A bucket and a group of packages of a test's own."""

    s3: Any
    sagemaker: Any
    name: str

    def put(self, key: str, body: bytes) -> str:
        """Write an object and return its address."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)
        return f"s3://{self.name}/{key}"

    def package(self, body: bytes, digest: str | None, status: str = "Approved") -> str:
        """Register a model and return its ARN."""
        listed = self.sagemaker.list_model_packages(ModelPackageGroupName=self.name)["ModelPackageSummaryList"]
        url = self.put(f"packages/{len(listed)}", body)
        environment = {"HEADRACE_MODEL_DIGEST": digest} if digest else {}
        made = self.sagemaker.create_model_package(
            ModelPackageGroupName=self.name,
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [{"Image": "image", "ModelDataUrl": url, "Environment": environment}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        return str(made["ModelPackageArn"])


@pytest.fixture
def store(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in cloud.chain.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    name = f"judged-{uuid.uuid4().hex[:12]}"
    cloud.s3.create_bucket(Bucket=name)
    cloud.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return Store(cloud.s3, cloud.sagemaker, name)


@pytest.fixture
def evil(tmp_path: Path, workload: Workload, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, str]:
    """An archive whose estimator rewrites its evaluation when it is loaded, and its digest."""
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path / "base"))
    digest = plan.save(tmp_path / "evil", workload, plan.Plan.of(workload), Rewriter())
    return artifact.archive(tmp_path / "evil"), digest


def test_the_evaluation_knows_a_model_by_its_digest_without_loading_it(
    tmp_path: Path, store: Store, evil: tuple[bytes, str]
) -> None:
    assert evaluate.model_digest(store.put("train/model.tar.gz", evil[0]), evil[0]) == evil[1]
    assert not (tmp_path / "base").exists()


def test_a_model_that_was_written_over_after_training_is_not_evaluated(store: Store, evil: tuple[bytes, str]) -> None:
    for _ in range(2):
        uri = store.put("train/model.tar.gz", evil[0])
    with pytest.raises(JobError, match="must be written once, by the training job; it has 2 versions"):
        evaluate.model_digest(uri, evil[0])


def test_the_champion_is_handed_on_without_loading_it(tmp_path: Path, store: Store, evil: tuple[bytes, str]) -> None:
    arn = store.package(*evil)
    assert approved.fetch(store.sagemaker, store.s3, arn) == (
        {"model_package_arn": arn, "model_digest": evil[1]},
        evil[0],
    )
    assert not (tmp_path / "base").exists()


def test_a_champion_that_is_not_what_was_approved_is_not_handed_on(store: Store, evil: tuple[bytes, str]) -> None:
    packages = {
        "The model's digest must be sha256:other": store.package(evil[0], "sha256:other"),
        "must be a tar.gz archive": store.package(b"no archive", evil[1]),
        "names no model digest": store.package(evil[0], None),
    }
    gone = store.package(evil[0], evil[1])
    store.s3.delete_object(Bucket=store.name, Key="packages/3")
    for reason, arn in {**packages, f"there is nothing at s3://{store.name}/packages/3": gone}.items():
        champion, body = approved.fetch(store.sagemaker, store.s3, arn)
        assert reason in champion["reason"]
        assert body == b""


class _Pages:
    """A registry that answers page by page, as AWS may with a filter."""

    def __init__(self, *pages: list[str]) -> None:
        self._pages = pages

    def get_paginator(self, name: str) -> _Pages:
        assert name == "list_model_packages"
        return self

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        assert asked["ModelApprovalStatus"] == "Approved"
        return ({"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in page]} for page in self._pages)


@pytest.mark.parametrize(
    ("pages", "found"), [([[], ["second", "first"]], "second"), ([["third"], ["second"]], "third"), ([[], []], None)]
)
def test_an_empty_page_does_not_mean_that_nothing_is_approved(pages: list[list[str]], found: str | None) -> None:
    assert approved.newest(_Pages(*pages), "flights") == found


def test_the_newest_approved_package_is_the_champion(store: Store) -> None:
    assert approved.newest(store.sagemaker, store.name) is None
    store.package(b"1", "sha256:1")
    store.package(b"2", "sha256:2", status="PendingManualApproval")
    found = approved.newest(store.sagemaker, store.name)
    assert found is not None
    assert found.endswith("/1")


def test_constant_answers_are_worth_nothing(workload: Workload) -> None:
    answers = Constant().predict_proba(np.zeros((3, 1)))[:, 1:]
    broken = evaluate.broken_gates(workload, measure(workload, LABELS, answers), None)
    assert any(text.startswith("roc_auc must be at least") for text in broken)
