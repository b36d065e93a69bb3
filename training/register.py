"""Processing job: register the packaged model, waiting for approval."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from inference.formats import SUPPORTED
from training import job, package, storage, tracking

_LONGEST_VALUE = 256  # of a metadata property


def request(described: dict[str, Any], workload: str) -> dict[str, Any]:
    """Write the CreateModelPackage request of a packaged model.

    Parameters
    ----------
    described : dict
        Content of ``package.json``.
    workload : str
        Name of the workload.
    """
    execution, image = job.setting("HEADRACE_PIPELINE_EXECUTION"), job.setting("HEADRACE_IMAGE_URI")
    metadata = {
        "model_digest": described["model_digest"],
        "artifact_sha256": described["artifact_sha256"],
        "dataset_version": described["dataset_version"],
        "code_digest": job.setting("HEADRACE_CODE_DIGEST"),
        "image_digest": image.rpartition("@")[2],
        "gates": "passed",
        "pipeline_execution": execution,
        "manifest_uri": described["manifest_uri"],
        "evaluation_uri": described["evaluation_uri"],
        "baseline_uri": described["baseline_uri"],
        **{f"metric_{name}": f"{value:.6f}" for name, value in described["metrics"].items()},
    }
    parameters = json.dumps(described["parameters"], sort_keys=True)
    if len(parameters) <= _LONGEST_VALUE:
        metadata["parameters"] = parameters
    container = {
        "Image": image,
        "ModelDataUrl": described["model_data_url"],
        "Environment": {"HEADRACE_WORKLOAD": workload, "HEADRACE_MODEL_DIGEST": described["model_digest"]},
    }
    return {
        "ModelPackageGroupName": job.setting("MODEL_PACKAGE_GROUP_NAME"),
        "ModelPackageDescription": f"{workload} from pipeline execution {execution}",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": list(SUPPORTED),
            "SupportedResponseMIMETypes": list(SUPPORTED),
        },
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": described["evaluation_uri"]},
            },
            "ModelDataQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": described["baseline_uri"]},
            },
        },
        "CustomerMetadataProperties": metadata,
        # a step that SageMaker runs again must not register twice
        "ClientToken": hashlib.sha256(execution.encode()).hexdigest()[:32],
    }


def main() -> None:
    """Register, and finish the MLflow run."""
    workload = job.workload()
    described = json.loads(job.processing("input", "package", package.FILE).read_text(encoding="utf-8"))
    with tracking.step("register") as run:
        answer = storage.client("sagemaker").create_model_package(**request(described, workload.name))
        arn = answer["ModelPackageArn"]
        run.log(tags={"headrace.model_package": arn})
        run.finish("FINISHED")
        job.output("registered", "registered.json").write_text(json.dumps({"model_package_arn": arn}) + "\n", "utf-8")
        job.say(f"Registered {arn}, pending approval")


if __name__ == "__main__":
    job.processing_main(main)
