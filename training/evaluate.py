"""Processing job: measure the model and the champion on the hold-out, and apply the gates."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from inference import artifact, plan
from training import dataset, job, storage, tracking
from workloads.spec import LOWER_IS_BETTER, Workload

FILE = "evaluation.json"
Metrics = dict[str, float]


def measure(labels: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64]) -> Metrics:
    """Return the metrics of probabilities against labels, both of shape (n_samples,)."""
    return {
        "roc_auc": float(roc_auc_score(labels, probabilities)),
        "average_precision": float(average_precision_score(labels, probabilities)),
        "brier": float(brier_score_loss(labels, probabilities)),
        "log_loss": float(log_loss(labels, probabilities)),
    }


def broken_gates(workload: Workload, metrics: Metrics, champion: Metrics | None) -> list[str]:
    """Say which gates a model does not pass.

    Parameters
    ----------
    workload : Workload
        Which declares the gates.
    metrics, champion : dict of str to float
        Of the model and of the newest approved one, None where there is none to compare with.
    """
    broken = []
    for name, bound in workload.gates.metrics.items():
        value = metrics[name]
        if bound.minimum is not None and value < bound.minimum:
            broken.append(f"{name} must be at least {bound.minimum:g}, got {value:.4f}")
        if bound.maximum is not None and value > bound.maximum:
            broken.append(f"{name} must be at most {bound.maximum:g}, got {value:.4f}")
    gate = workload.gates.champion
    if gate is not None and champion is not None:
        sign = -1 if gate.metric in LOWER_IS_BETTER else 1
        gain = sign * (metrics[gate.metric] - champion[gate.metric])
        if gain < gate.margin:
            broken.append(
                f"{gate.metric} must be better than the champion's {champion[gate.metric]:.4f} by at least "
                f"{gate.margin:g}, got {metrics[gate.metric]:.4f}"
            )
    return broken


def _champion(workload: Workload, holdout: pd.DataFrame) -> dict[str, Any] | None:
    """Find the newest approved model, and measure it on the same hold-out."""
    sagemaker = storage.client("sagemaker")
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=job.setting("MODEL_PACKAGE_GROUP_NAME"),
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    if not newest:
        return None
    arn = newest[0]["ModelPackageArn"]
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    body = storage.read_uri(storage.client("s3"), container["ModelDataUrl"])
    digest = container["Environment"]["HEADRACE_MODEL_DIGEST"]
    return {"model_package_arn": arn, "model_digest": digest, **champion_metrics(workload, holdout, body, digest)}


def champion_metrics(workload: Workload, holdout: pd.DataFrame, packed: bytes, digest: str) -> dict[str, Any]:
    """Measure an approved model; one that no longer works must not keep a new one from taking its place.

    Parameters
    ----------
    workload : Workload
        As it is now: the model may come from an earlier version, and from other versions of the libraries.
    holdout : DataFrame
        What the new model is measured on too.
    packed : bytes
        The model's archive.
    digest : str
        The digest that it must have.

    Returns
    -------
    dict
        ``metrics``; None where it cannot be measured, with ``missing_inputs`` or the ``reason``.
    """
    columns = dataset.columns(workload, holdout)
    try:
        with tempfile.TemporaryDirectory() as folder:
            artifact.unpack(packed, Path(folder))
            model = plan.model_fn(Path(folder), workload, digest)
        unknown = [column.name for column in model.plan.inputs if column.name not in workload.features]
        if unknown:
            job.say(f"The champion cannot be compared: it needs {', '.join(unknown)}, which the workload lacks")
            return {"metrics": None, "missing_inputs": unknown}
        metrics = measure(holdout[workload.label.name].to_numpy(dtype=bool), model.probabilities(columns))
    except Exception as error:  # an estimator of another library version may raise anything, even once it is loaded
        reason = str(error) if isinstance(error, artifact.ArtifactError) else f"{type(error).__name__}: {error}"
        job.say(f"The champion cannot be compared, so its gate is not applied: {reason}")
        return {"metrics": None, "reason": reason}
    return {"metrics": metrics}


def main() -> None:
    """Evaluate, and write ``evaluation.json`` whatever the gates say."""
    workload = job.workload()
    folder = job.processing("input", "training")
    with tracking.step("evaluate") as run, tempfile.TemporaryDirectory() as unpacked:
        artifact.unpack(job.processing("input", "model", "model.tar.gz").read_bytes(), Path(unpacked))
        model = plan.model_fn(Path(unpacked), workload)
        examples, holdout = dataset.split(workload, dataset.read(folder))
        labels = holdout[workload.label.name].to_numpy(dtype=bool)
        metrics = measure(labels, model.probabilities(dataset.columns(workload, holdout)))
        job.say(f"On {len(holdout)} examples: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))
        champion = _champion(workload, holdout)
        broken = broken_gates(workload, metrics, champion["metrics"] if champion else None)
        message = "; ".join(broken) if broken else "every gate passed"
        asked = workload.examples.event_time
        report = {
            "gates": {"passed": int(not broken)},
            "failure_message": message,
            "metrics": metrics,
            "champion": champion,
            "model_digest": model.digest,
            "dataset_version": dataset.version(folder),
            "training": {"rows": len(examples), "to": examples[asked].max().isoformat()},
            "holdout": {"rows": len(holdout), "from": holdout[asked].min().isoformat()},
        }
        job.output("evaluation", FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        run.log(metrics=metrics, tags={"headrace.gates": "failed" if broken else "passed"})
        if champion and champion["metrics"]:
            run.log(metrics={f"champion_{name}": value for name, value in champion["metrics"].items()})
        if broken:
            run.finish("FAILED")
        job.say(f"Gates: {message}")


if __name__ == "__main__":
    job.processing_main(main)
