"""Processing job: pack the model that passed its gates, and write it and its reports under write-once keys.

Whoever may register a model does not run it: its files are compared with the digest that was evaluated, not loaded.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from agreements import variables
from agreements.prefixes import PACKAGES
from inference import artifact
from inference.contract import describe, describe_answer
from inference.statistics import statistics
from training import dataset, evaluate, job, storage, tracking
from training.job import JobError
from workloads import folder as folders

FILE = "package.json"


def main() -> None:
    """Upload model.tar.gz, its manifest, evaluation, baseline and contract; describe them in ``package.json``."""
    workload = job.workload()
    training = job.processing("input", "training")
    body = job.processing("input", "evaluation", evaluate.FILE).read_bytes()
    evaluation = json.loads(body)
    if evaluation["gates"]["passed"] != 1:
        raise JobError(f"Only a model that passed its gates is packaged: {evaluation['failure_message']}")
    with tracking.step("package") as run, tempfile.TemporaryDirectory() as unpacked:
        folder = Path(unpacked)
        artifact.unpack(job.processing("input", "model", "model.tar.gz").read_bytes(), folder)
        digest = artifact.verify(folder, evaluation["model_digest"])
        _same_contract(folder / artifact.WORKLOAD)
        examples = dataset.read(training, dataset.TRAINING).to_pandas()
        labels = examples[workload.label.name].tolist()
        baseline = json.dumps(statistics(workload, dataset.columns(workload, examples), labels), indent=1) + "\n"
        described = {"inputs": describe(workload), "answer": describe_answer(workload)}
        contract = json.dumps(described, indent=1) + "\n"
        group, execution = job.setting(variables.MODEL_PACKAGE_GROUP_NAME), job.setting(variables.PIPELINE_EXECUTION)
        bucket, prefix = job.setting(variables.ARTIFACTS_BUCKET), f"{PACKAGES}{group}/{execution}"
        files = {
            "model.tar.gz": (artifact.archive(folder), "application/x-tar"),
            artifact.MANIFEST: ((folder / artifact.MANIFEST).read_bytes(), "application/json"),
            evaluate.FILE: (body, "application/json"),
            "baseline.json": (baseline.encode(), "application/json"),
            "contract.json": (contract.encode(), "application/json"),
        }
        s3 = storage.client("s3")
        checksums = {}
        for name, (content, kind) in files.items():
            checksums[name] = storage.put_once(s3, bucket, f"{prefix}/{name}", content, kind)
            job.say(f"Wrote s3://{bucket}/{prefix}/{name}, {len(content)} bytes")
        package = {
            "model_data_url": f"s3://{bucket}/{prefix}/model.tar.gz",
            "model_digest": digest,
            "artifact_sha256": checksums["model.tar.gz"],
            "manifest_uri": f"s3://{bucket}/{prefix}/{artifact.MANIFEST}",
            "evaluation_uri": f"s3://{bucket}/{prefix}/{evaluate.FILE}",
            "baseline_uri": f"s3://{bucket}/{prefix}/baseline.json",
            "dataset_version": evaluation["dataset_version"],
            "metrics": evaluation["metrics"],
            "parameters": workload.estimator.parameters,
        }
        job.output("package", FILE).write_text(json.dumps(package, indent=1) + "\n", encoding="utf-8")
        run.log(tags={"headrace.artifact": package["model_data_url"]})


def _same_contract(packed: Path) -> None:
    """Refuse a model that would answer by another contract than it was evaluated by."""
    wanted, found = job.setting(variables.WORKLOAD_DIGEST), folders.digest(folders.files(packed))
    if found != wanted:
        raise JobError(
            f"The model must carry the workload {wanted}, by which it was evaluated, and carries {found}. What trained "
            "it packed other files: look at the estimator, and train again."
        )


if __name__ == "__main__":
    job.processing_main(main)
