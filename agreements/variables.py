"""Names of environment variables: of the pipeline's jobs, and of a model's container."""

from __future__ import annotations

PIPELINE_EXECUTION = "HEADRACE_PIPELINE_EXECUTION"
"""The execution that a job is part of."""
CODE_DIGEST = "HEADRACE_CODE_DIGEST"
"""SHA-256 of the bundle that the job's image was built from, in hex."""
WORKLOAD_DIGEST = "HEADRACE_WORKLOAD_DIGEST"
"""The digest that the mounted workload must have: `workloads.folder.digest`."""
IMAGE_URI = "HEADRACE_IMAGE_URI"
"""The job's image, by digest."""
RAW_BUCKET = "RAW_BUCKET"
ARTIFACTS_BUCKET = "ARTIFACTS_BUCKET"
MODEL_PACKAGE_GROUP_NAME = "MODEL_PACKAGE_GROUP_NAME"
MLFLOW_TRACKING_URI = "MLFLOW_TRACKING_URI"
MLFLOW_EXPERIMENT_NAME = "MLFLOW_EXPERIMENT_NAME"

MODEL_DIGEST = "HEADRACE_MODEL_DIGEST"
"""In a model's container: the digest that the model must have, or `BOOTSTRAP`."""
BOOTSTRAP = "bootstrap"
"""What the container is told, and answers, instead of a digest where no model is released yet."""


def feature_group(entity: str) -> str:
    """Return the variable that names an entity's feature group: one each, because AWS allows a value 256 characters."""
    return f"FEATURE_GROUP_{entity.upper()}"
