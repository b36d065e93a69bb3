"""The steps of one execution, each with what it gets from the others, and where they run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agreements import variables
from tests.training.chain import Chain, Job, OnlineStore
from workloads import folder as folders
from workloads.spec import Workload

MONTH = ("--data-start", "2013-01-01", "--data-end", "2013-02-01")


def mounted(base: Path, workload: Workload, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a job in this process a folder, and the workload as a processing input."""
    contents = folders.files(workload.folder)
    folders.write(contents, base / "processing" / "input" / "workload")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(base))
    monkeypatch.setenv(variables.WORKLOAD_DIGEST, folders.digest(contents))
    return base


@dataclass
class Cloud:
    """Where the jobs of this module run: the chain, the local AWS's clients, the online store."""

    chain: Chain
    s3: Any
    sagemaker: Any
    online: OnlineStore


def succeeded(job: Job) -> Job:
    assert job.code == 0, job.log
    return job


def evaluated_by(cloud: Cloud, chain: Chain, prepared: Job, trained: Job) -> Job:
    """Score the model and the champion, and evaluate what they answered."""
    key = f"train/model/{chain.environment['HEADRACE_PIPELINE_EXECUTION']}/model.tar.gz"
    packed = trained.folder / "packed"
    cloud.s3.put_object(Bucket="curated", Key=key, Body=(packed / "model.tar.gz").read_bytes())
    holdout = prepared.output("holdout")
    score = succeeded(chain.scoring("score", inputs={"model": packed, "holdout": holdout}))
    approved = succeeded(chain.processing("approved")).output("champion")
    champion = chain.scoring("champion", "--champion", inputs={"model": approved, "holdout": holdout})
    inputs = {
        "model": packed,
        "scores": score.output("scores"),
        "labels": prepared.output("labels"),
        "champion": approved,
        "champion_scores": succeeded(champion).output("scores"),
    }
    return chain.processing("evaluate", "--model", f"s3://curated/{key}", inputs=inputs)


def packaged_by(chain: Chain, prepared: Job, trained: Job, evaluated: Job) -> Job:
    evaluation = {"evaluation": evaluated.output("evaluation")}
    inputs = {"training": prepared.output("training"), "model": trained.folder / "packed", **evaluation}
    return chain.processing("package", inputs=inputs)
