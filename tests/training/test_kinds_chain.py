"""A workload of each kind through its real jobs: from raw data to gates, a champion of its own, and what it answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agreements import variables
from inference import artifact, plan
from inference.headers import CSV, JSON
from tests.training import kinds
from tests.training.chain import Chain, Job
from tests.training.steps import Cloud, evaluated_by, packaged_by, succeeded
from training import dataset, storage
from training.evaluate import broken_gates
from workloads.fields import Gates
from workloads.spec import Workload

DAYS = ("--data-start", "2024-01-01", "--data-end", "2024-01-26")
# A class of the workload's own folder: the mean of the nearest centre, in a few lines.
OWN = '''
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Centres(ClassifierMixin, BaseEstimator):
    """Answers by how near the centres of the classes are."""

    def __init__(self, sharpness=1.0):
        self.sharpness = sharpness

    def fit(self, rows, labels):
        self.classes_ = np.unique(labels)
        self.centres_ = np.array([rows[labels == one].mean(axis=0) for one in self.classes_])
        return self

    def predict_proba(self, rows):
        far = ((rows[:, None, :] - self.centres_[None]) ** 2).sum(axis=2)
        shares = np.exp(-self.sharpness * (far - far.min(axis=1, keepdims=True)))
        return shares / shares.sum(axis=1, keepdims=True)
'''
WORKLOADS: dict[str, dict[str, Any]] = {
    "boolean": {
        "estimator": {"type": "xgboost.XGBClassifier", "parameters": {"n_estimators": 20, "max_depth": 3}},
        "weights": "balanced",
    },
    "category": {"estimator": {"type": "workload.own.Centres", "parameters": {"sharpness": 2.0}, "missing": "median"}},
    "number": {
        "estimator": {"type": "lightgbm.LGBMRegressor", "parameters": {"n_estimators": 40, "verbose": -1}},
        "quantiles": [0.1, 0.9],
        "range": [-20, 20],
    },
}
# A gate of each kind that these models do not pass, on either side.
UNREACHED: dict[str, list[dict[str, Any]]] = {
    "boolean": [{"roc_auc": {"minimum": 0.9999}}, {"log_loss": {"maximum": 0.0001}}],
    "category": [{"f1_macro": {"minimum": 0.9999}}, {"brier_score": {"maximum": 0.0001}}],
    "number": [{"r2": {"minimum": 0.9999}}, {"interval_coverage": {"minimum": 0.9999}}],
}


@dataclass(frozen=True)
class Run:
    """One execution of a workload's jobs.

    Attributes
    ----------
    workload : Workload
    chain : Chain
    prepared, trained, evaluated : Job
    package : dict
        The package as it was registered; it is approved now.
    """

    workload: Workload
    chain: Chain
    prepared: Job
    trained: Job
    evaluated: Job
    package: dict[str, Any]

    @property
    def report(self) -> dict[str, Any]:
        """Content of evaluation.json."""
        return evaluation(self.evaluated)


def evaluation(job: Job) -> dict[str, Any]:
    return dict(json.loads(job.output("evaluation", "evaluation.json").read_text("utf-8")))


def load(cloud: Cloud, kind: str) -> None:
    """Write the raw data of a kind, in a bucket of its own."""
    rows = kinds.examples(kind)
    columns = {str(name): pa.array(rows[name].to_numpy(dtype=object), from_pandas=True) for name in rows}
    for name in ("event_time", "known_at"):
        columns[name] = pa.array(rows[name].dt.tz_convert(None).to_numpy(), pa.timestamp("us", tz="UTC"))
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    cloud.s3.create_bucket(Bucket=f"raw-{kind}")
    cloud.s3.put_bucket_versioning(Bucket=f"raw-{kind}", VersioningConfiguration={"Status": "Enabled"})
    cloud.s3.put_object(Bucket=f"raw-{kind}", Key="raw/things/2024-01.parquet", Body=body.getvalue())


@pytest.fixture(scope="module", params=list(WORKLOADS))
def run(request: pytest.FixtureRequest, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    kind: str = request.param
    folder = tmp_path_factory.mktemp(kind)
    (folder / f"{kind}-kind").mkdir()
    (folder / f"{kind}-kind" / "own.py").write_text(OWN, "utf-8")
    workload = kinds.written(folder, kind, **WORKLOADS[kind])
    load(cloud, kind)
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName=workload.name)
    environment = {
        **cloud.chain.environment,
        variables.PIPELINE_EXECUTION: f"{kind}-1",
        variables.RAW_BUCKET: f"raw-{kind}",
        variables.MODEL_PACKAGE_GROUP_NAME: workload.name,
        variables.MLFLOW_EXPERIMENT_NAME: workload.name,
    }
    chain = Chain(folder / "jobs", environment, folder / workload.name, cloud.chain.warm)
    prepared = succeeded(chain.processing("prepare", *DAYS))
    parts = {part: prepared.output(part) for part in dataset.PARTS}
    succeeded(chain.processing("check", inputs=parts))
    trained = succeeded(chain.training(prepared.output("training")))
    evaluated = succeeded(evaluated_by(cloud, chain, prepared, trained))
    packaged = succeeded(packaged_by(chain, prepared, trained, evaluated))
    registered = succeeded(chain.processing("register", inputs={"package": packaged.output("package")}))
    arn = json.loads(registered.output("registered", "registered.json").read_text("utf-8"))["model_package_arn"]
    package = dict(cloud.sagemaker.describe_model_package(ModelPackageName=arn))
    cloud.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    yield Run(workload, chain, prepared, trained, evaluated, package)


def test_each_kind_passes_its_gates_on_examples_that_it_has_not_seen(run: Run) -> None:
    assert run.report["gates"] == {"passed": 1}
    properties = run.package["CustomerMetadataProperties"]
    for name in run.workload.gates.metrics:
        assert float(properties[f"metric_{name}"]) == pytest.approx(run.report["metrics"][name], abs=1e-6)


def test_each_gate_of_a_kind_can_fail(run: Run) -> None:
    for metrics in UNREACHED[run.workload.label.type]:
        strict = run.workload.model_copy(update={"gates": Gates.model_validate({"metrics": metrics})})
        (broken,) = broken_gates(strict, run.report["metrics"], None)
        assert broken.startswith(f"{next(iter(metrics))} must be at ")


def test_the_same_data_give_the_same_model_which_meets_itself_as_champion(cloud: Cloud, run: Run) -> None:
    """With other threads, in other processes, as on another machine."""
    kind = run.workload.label.type
    environment = {**run.chain.environment, variables.PIPELINE_EXECUTION: f"{kind}-2", "OMP_NUM_THREADS": "2"}
    second = replace(run.chain, folder=run.chain.folder.parent / "again", environment=environment)
    trained = succeeded(replace(second, warm=None).training(run.prepared.output("training")))
    digest = run.package["CustomerMetadataProperties"]["model_digest"]
    assert artifact.verify(trained.folder / "model", digest) == digest
    found = evaluation(succeeded(evaluated_by(cloud, second, run.prepared, trained)))
    assert found["champion"]["model_package_arn"] == run.package["ModelPackageArn"]
    assert found["champion"]["metrics"] == found["metrics"] == run.report["metrics"]
    assert found["gates"] == {"passed": 1}
    worse = run.workload.gates.champion
    assert worse is not None
    better = worse.model_copy(update={"margin": 0.01})
    strict = run.workload.model_copy(update={"gates": run.workload.gates.model_copy(update={"champion": better})})
    (broken,) = broken_gates(strict, found["metrics"], found["champion"]["metrics"])
    assert broken.startswith(f"{worse.metric} must be better than the champion's")


def test_the_package_answers_json_and_csv_by_its_own_kind(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    url = run.package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    described = json.loads(storage.read_uri(cloud.s3, url.replace("model.tar.gz", "contract.json")))
    assert [column["name"] for column in described["inputs"]] == list(run.workload.features)
    artifact.unpack(storage.read_uri(cloud.s3, url), tmp_path)
    model = plan.model_fn(tmp_path, run.package["CustomerMetadataProperties"]["model_digest"])
    rows = plan.input_fn(model.workload, b"2.5,blue,true\n-2.5,red,\n", CSV)
    answers = plan.predict_fn(rows, model)
    predictions = json.loads(plan.output_fn(model.workload, answers, model, JSON)[0])["predictions"]
    lines = list(csv.reader(io.StringIO(plan.output_fn(model.workload, answers, model, CSV)[0].decode())))
    high, low = predictions
    assert {field["name"] for field in described["answer"]} == set(high)
    match run.workload.label.type:
        case "boolean":
            assert (high["answer"], low["answer"]) == (True, False)
            assert [float(line[0]) for line in lines] == [high["probability"], low["probability"]]
        case "category":
            assert (high["answer"], low["answer"]) == ("large", "small")
            assert sum(high["probabilities"].values()) == pytest.approx(1, abs=1e-6)
            assert lines[0] == [*(repr(share) for share in high["probabilities"].values()), "large"]
        case _:
            assert high["answer"] > 6
            assert low["answer"] < 0
            assert -20 <= low["quantiles"]["0.1"] < low["quantiles"]["0.9"] < high["quantiles"]["0.9"] <= 20
            assert lines[0] == [repr(high["answer"]), *(repr(one) for one in high["quantiles"].values())]


def test_a_champion_of_another_kind_loses_its_say_with_the_reason(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    """The same features, asked another question: what was approved before cannot be compared."""
    other = {"boolean": "category", "category": "number", "number": "boolean"}[run.workload.label.type]
    workload = kinds.written(tmp_path, other)
    chain = replace(run.chain, folder=tmp_path / "jobs", workload=tmp_path / workload.name)
    inputs = {"model": run.trained.folder / "packed", "holdout": run.prepared.output("holdout")}
    champion = succeeded(chain.scoring("champion", "--champion", inputs=inputs))
    reason = json.loads(champion.output("scores", "scored.json").read_text("utf-8"))["reason"]
    assert reason.startswith("The model answers ")
    assert "and the workload asks for " in reason
