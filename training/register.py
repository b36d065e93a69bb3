"""Processing job: register the packaged model, waiting for approval."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from agreements import metadata, variables
from inference.headers import SUPPORTED
from training import job, package, storage, tracking
from workloads.spec import Workload

# What SageMaker takes as metadata of a package
_MOST_PROPERTIES = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_PUNCTUATION = frozenset("_.:/=+-@")


def storable(text: str, longest: int) -> bool:
    """Tell whether SageMaker takes a text as a metadata key or value: letters, spaces, digits and ``_.:/=+-@``.

    Parameters
    ----------
    text : str
        The key or value.
    longest : int
        Most characters that it may have.
    """
    return 0 < len(text) <= longest and all(
        character in _PUNCTUATION or unicodedata.category(character)[0] in "LZN" for character in text
    )


def with_parameters(properties: Mapping[str, str], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Add one property for each parameter of the estimator that SageMaker can hold.

    The others, such as lists, are not lost: they are in the workload's file, which the model carries, and in MLflow.

    Parameters
    ----------
    properties : mapping of str to str
        The properties so far; they come first where not everything fits.
    parameters : mapping
        The estimator's keyword arguments.
    """
    given = {f"{metadata.PARAMETER_}{name}": str(value) for name, value in sorted(parameters.items())}
    fitting = {
        key: value for key, value in given.items() if storable(key, _LONGEST_KEY) and storable(value, _LONGEST_VALUE)
    }
    room = max(_MOST_PROPERTIES - len(properties), 0)
    return {**properties, **dict(list(fitting.items())[:room])}


def request(described: dict[str, Any], workload: Workload) -> dict[str, Any]:
    """Write the CreateModelPackage request of a packaged model.

    Parameters
    ----------
    described : dict
        Content of ``package.json``.
    workload : Workload
        What the model answers.
    """
    execution, image = job.setting(variables.PIPELINE_EXECUTION), job.setting(variables.IMAGE_URI)
    properties = {
        metadata.MODEL_DIGEST: described["model_digest"],
        metadata.ARTIFACT_SHA256: described["artifact_sha256"],
        metadata.DATASET_VERSION: described["dataset_version"],
        metadata.CODE_DIGEST: job.setting(variables.CODE_DIGEST),
        metadata.WORKLOAD_DIGEST: job.setting(variables.WORKLOAD_DIGEST),
        metadata.IMAGE_DIGEST: image.rpartition("@")[2],
        metadata.GATES: metadata.PASSED,
        metadata.PIPELINE_EXECUTION: execution,
        metadata.MANIFEST_URI: described["manifest_uri"],
        metadata.EVALUATION_URI: described["evaluation_uri"],
        metadata.BASELINE_URI: described["baseline_uri"],
        # whoever asks this model reads its features there, whatever groups a later model has
        **{
            f"{metadata.FEATURE_GROUP_}{entity}": job.setting(variables.feature_group(entity))
            for entity in workload.entities
        },
        **{f"{metadata.METRIC_}{name}": f"{value:.6f}" for name, value in described["metrics"].items()},
    }
    container = {
        "Image": image,
        "ModelDataUrl": described["model_data_url"],
        "Environment": {variables.MODEL_DIGEST: described["model_digest"]},
    }
    return {
        "ModelPackageGroupName": job.setting(variables.MODEL_PACKAGE_GROUP_NAME),
        "ModelPackageDescription": f"{workload.name} from pipeline execution {execution}",
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
        "CustomerMetadataProperties": with_parameters(properties, described["parameters"]),
        # a step that SageMaker runs again must not register twice
        "ClientToken": hashlib.sha256(execution.encode()).hexdigest()[:32],
    }


def main() -> None:
    """Register, and finish the MLflow run."""
    workload = job.workload()
    described = json.loads(job.processing("input", "package", package.FILE).read_text(encoding="utf-8"))
    with tracking.step("register") as run:
        answer = storage.client("sagemaker").create_model_package(**request(described, workload))
        arn = answer["ModelPackageArn"]
        run.log(tags={"headrace.model_package": arn})
        run.finish("FINISHED")
        job.output("registered", "registered.json").write_text(json.dumps({"model_package_arn": arn}) + "\n", "utf-8")
        job.say(f"Registered {arn}, pending approval")


if __name__ == "__main__":
    job.processing_main(main)
