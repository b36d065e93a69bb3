"""Which IAM action each of MLflow's REST calls needs, as the service authorization reference names them."""

from __future__ import annotations

import re

SERVICE = "sagemaker-mlflow"
_API = re.compile(r"/(?:ajax-)?api/\d\.\d/mlflow/(.+)")
_FREE = ("health", "version", "server-info")  # asked before anything else; they tell nothing of a run
_ACTIONS = {
    "artifacts/list": "ListArtifacts",
    "experiments/create": "CreateExperiment",
    "experiments/delete": "DeleteExperiment",
    "experiments/get": "GetExperiment",
    "experiments/get-by-name": "GetExperimentByName",
    "experiments/restore": "RestoreExperiment",
    "experiments/search": "SearchExperiments",
    "experiments/set-experiment-tag": "SetExperimentTag",
    "experiments/update": "UpdateExperiment",
    "metrics/get-history": "GetMetricHistory",
    "metrics/get-history-bulk": "GetMetricHistory",
    "model-versions/create": "CreateModelVersion",
    "model-versions/delete": "DeleteModelVersion",
    "model-versions/delete-tag": "DeleteModelVersionTag",
    "model-versions/get": "GetModelVersion",
    "model-versions/get-download-uri": "GetDownloadURIForModelVersionArtifacts",
    "model-versions/search": "SearchModelVersions",
    "model-versions/set-tag": "SetModelVersionTag",
    "model-versions/transition-stage": "TransitionModelVersionStage",
    "model-versions/update": "UpdateModelVersion",
    "registered-models/create": "CreateRegisteredModel",
    "registered-models/delete": "DeleteRegisteredModel",
    "registered-models/delete-tag": "DeleteRegisteredModelTag",
    "registered-models/get": "GetRegisteredModel",
    "registered-models/get-latest-versions": "GetLatestModelVersions",
    "registered-models/rename": "RenameRegisteredModel",
    "registered-models/search": "SearchRegisteredModels",
    "registered-models/set-tag": "SetRegisteredModelTag",
    "registered-models/update": "UpdateRegisteredModel",
    "runs/create": "CreateRun",
    "runs/delete": "DeleteRun",
    "runs/delete-tag": "DeleteTag",
    "runs/get": "GetRun",
    "runs/log-batch": "LogBatch",
    "runs/log-inputs": "LogInputs",
    "runs/log-metric": "LogMetric",
    "runs/log-model": "LogModel",
    "runs/log-parameter": "LogParam",
    "runs/restore": "RestoreRun",
    "runs/search": "SearchRuns",
    "runs/set-tag": "SetTag",
    "runs/update": "UpdateRun",
}


def action_of(path: str) -> str | None:
    """Return the action that a path of MLflow's needs, or None where a signature is enough.

    A call that the reference has no action for, as those of newer versions of MLflow, is named by its own path: only
    who may do everything may do it.
    """
    found = _API.fullmatch(path)
    name = found[1].rstrip("/") if found else path.strip("/")
    if name in _FREE:
        return None
    return f"{SERVICE}:{_ACTIONS.get(name, name) if found else 'AccessUI'}"
