"""A model artifact that was replaced behind the platform's back is neither released nor loaded."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from agreements import prefixes
from demo import pipeline
from demo.console import StoryError
from demo.story import Chapter
from status.environment import Environment
from tests.sandbox.conftest import Released


@pytest.fixture
def replaced(environment: Environment, released: Released) -> Iterator[Released]:
    """The released package's archive with one byte of the model changed; put back afterwards."""
    s3 = environment.client("s3")
    bucket, key = _archive(environment, released)
    good = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    _overwrite(environment, bucket, key, _with_another_model(good))
    yield released
    _overwrite(environment, bucket, key, good)


def test_a_package_cannot_be_overwritten_without_taking_the_bucket_policy_away(
    environment: Environment, released: Released
) -> None:
    bucket, key = _archive(environment, released)
    with pytest.raises(ClientError, match="AccessDenied"):
        environment.client("s3").put_object(Bucket=bucket, Key=key, Body=b"another model")


def test_the_release_ends_with_a_digest_error(environment: Environment, replaced: Released) -> None:
    machines = environment.client("stepfunctions")
    execution = machines.start_execution(
        stateMachineArn=environment.own.release_state_machine_arn,
        input=json.dumps({"model_package_arn": replaced.package.arn, "reason": "again"}),
    )["executionArn"]
    ended = _until(
        lambda: machines.describe_execution(executionArn=execution), lambda found: found["status"] != "RUNNING"
    )
    assert ended["status"] == "FAILED"
    assert ended["error"] == "DigestMismatch"
    assert replaced.package.metadata["artifact_sha256"] in ended["cause"]


def test_a_container_refuses_to_load_it(environment: Environment, replaced: Released) -> None:
    sagemaker = environment.client("sagemaker")
    live = sagemaker.describe_endpoint_config(EndpointConfigName=replaced.entry["endpoint_config"])
    model = sagemaker.describe_model(ModelName=live["ProductionVariants"][0]["ModelName"])
    name = "tampered"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=model["ExecutionRoleArn"],
        PrimaryContainer=model["PrimaryContainer"],
        EnableNetworkIsolation=True,
    )
    variant = {"VariantName": "live", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    try:
        ended = _until(
            lambda: sagemaker.describe_endpoint(EndpointName=name), lambda found: found["EndpointStatus"] != "Creating"
        )
        assert ended["EndpointStatus"] == "Failed"
        assert "must be those of its manifest" in ended["FailureReason"]
    finally:
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
        sagemaker.delete_model(ModelName=name)


def _archive(environment: Environment, released: Released) -> tuple[str, str]:
    package = environment.client("sagemaker").describe_model_package(ModelPackageName=released.package.arn)
    uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return bucket, key


def _overwrite(environment: Environment, bucket: str, key: str, body: bytes) -> None:
    """Do what only an administrator with bad intentions can: take the policy away, write, put it back."""
    s3 = environment.client("s3")
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256")
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def _with_another_model(archive: bytes) -> bytes:
    """Flip the last byte of the largest file of an archive that stays readable."""
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=made, mode="w:gz") as new:
        largest = max(old.getmembers(), key=lambda member: member.size).name
        for member in old.getmembers():
            found = old.extractfile(member)
            body = found.read() if found else b""
            if member.name == largest:
                body = body[:-1] + bytes([body[-1] ^ 1])
            new.addfile(member, io.BytesIO(body))
    return made.getvalue()


def _until(look: Any, done: Any, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not done(found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {found}"
        time.sleep(0.3)
    return found


@pytest.fixture
def other_sql(environment: Environment) -> Iterator[None]:
    """The deployed workload's SQL with a line more, where jobs mount it from; taken back afterwards."""
    s3, bucket = environment.client("s3"), environment.outputs.artifacts_bucket
    key = f"{prefixes.WORKLOADS}{environment.workload}/{environment.own.workload_digest}/features.sql"
    found = s3.get_object(Bucket=bucket, Key=key)
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": found["SSEKMSKeyId"]}  # else no job could read it
    body = found["Body"].read() + b"\n-- One more line.\n"
    version = s3.put_object(Bucket=bucket, Key=key, Body=body, **encrypted)["VersionId"]
    yield
    s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


def test_a_workload_that_was_changed_in_the_bucket_ends_the_pipeline_with_the_reason(
    environment: Environment, chapter: Chapter, released: Released, other_sql: None
) -> None:
    execution = environment.client("sagemaker").start_pipeline_execution(
        PipelineName=environment.own.pipeline_name,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in chapter.parameters.items()],
    )["PipelineExecutionArn"]
    with pytest.raises(StoryError, match=f"must have the digest {environment.own.workload_digest}"):
        pipeline.follow(environment, execution)
