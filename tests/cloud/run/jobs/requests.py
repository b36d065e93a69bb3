"""Requests for the tests' jobs, and waiting for them."""

from __future__ import annotations

from typing import Any

from tests.cloud.run.conftest import Cloud


def training(name: str, image: str, role: str, does: str = "train", **more: Any) -> dict[str, Any]:
    """Return a CreateTrainingJob request."""
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/training/"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": role,
        "HyperParameters": {"does": does},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://lake/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def processing(name: str, image: str, role: str, words: list[str], **more: Any) -> dict[str, Any]:
    """Return a CreateProcessingJob request that reads s3://lake/training/ and writes s3://lake/processed/NAME."""
    folder = "/opt/ml/processing/input/rows"
    output = {"S3Uri": f"s3://lake/processed/{name}", "LocalPath": "/opt/ml/processing/output"}
    return {
        "ProcessingJobName": name,
        "ProcessingInputs": [
            {"InputName": "rows", "S3Input": {"S3Uri": "s3://lake/training/", "LocalPath": folder} | _FILES}
        ],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "out", "S3Output": output | {"S3UploadMode": "EndOfJob"}}]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python", "/opt/program/program/process.py"],
            "ContainerArguments": words,
        },
        "RoleArn": role,
        **more,
    }


_FILES = {"S3DataType": "S3Prefix", "S3InputMode": "File"}


def finished_training(cloud: Cloud, name: str) -> dict[str, Any]:
    """Wait for a training job's end and return it."""
    sagemaker = cloud.client("sagemaker")

    def over() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return dict(cloud.until(over, name))


def finished_processing(cloud: Cloud, name: str) -> dict[str, Any]:
    """Wait for a processing job's end and return it."""
    sagemaker = cloud.client("sagemaker")

    def over() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        return job if job["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return dict(cloud.until(over, name))
