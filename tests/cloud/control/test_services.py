"""CodeBuild, Athena, KMS, ECR: what plans read back, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud


def project(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("codebuild").batch_get_projects(names=[name])["projects"][0]
    return found


def test_a_build_project_is_said_back_and_updated(cloud: Cloud, name: str) -> None:
    given: dict[str, Any] = {
        "name": name,
        "source": {"type": "S3", "location": "bucket/bundle.zip", "buildspec": "version: 0.2"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "A", "value": "1", "type": "PLAINTEXT"}],
        },
        "serviceRole": cloud.role(name, "codebuild.amazonaws.com"),
        "encryptionKey": "arn:aws:kms:us-east-1:000000000000:key/1",
        "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "builds"}},
        "concurrentBuildLimit": 1,
    }
    codebuild = cloud.client("codebuild")
    codebuild.create_project(**given)
    found = project(cloud, name)
    assert {member: found[member] for member in given} == given
    assert (found["timeoutInMinutes"], found["queuedTimeoutInMinutes"]) == (60, 480)
    changed = {**given["source"], "buildspec": "version: 0.2\nphases: {}"}
    codebuild.update_project(name=name, source=changed, description="new", timeoutInMinutes=10)
    found = project(cloud, name)
    assert (found["source"], found["description"], found["timeoutInMinutes"]) == (changed, "new", 10)
    assert found["encryptionKey"] == given["encryptionKey"]
    with pytest.raises(ClientError, match="cannot be found"):
        codebuild.update_project(name="nothing", description="x")
    codebuild.delete_project(name=found["arn"])
    assert name not in codebuild.list_projects()["projects"]


def test_a_build_project_needs_a_role_that_trusts_codebuild(cloud: Cloud, name: str) -> None:
    codebuild = cloud.client("codebuild")
    given: dict[str, Any] = {
        "name": name,
        "source": {"type": "S3", "location": "bucket/bundle.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
    }
    other = cloud.role(f"{name}-other", "sagemaker.amazonaws.com")
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        codebuild.create_project(**given, serviceRole=other)
    codebuild.create_project(**given, serviceRole=cloud.role(name, "codebuild.amazonaws.com"))
    with pytest.raises(ClientError, match="trust policy lets codebuild"):
        codebuild.update_project(name=name, serviceRole=other)
    assert project(cloud, name)["serviceRole"].endswith(f"/{name}")


def test_a_workgroup_without_tags_is_made_and_updated(cloud: Cloud, name: str) -> None:
    athena = cloud.client("athena")
    place = {"OutputLocation": "s3://bucket/a/"}
    athena.create_work_group(Name=name, Configuration={"ResultConfiguration": place})
    with pytest.raises(ClientError, match="already created"):
        athena.create_work_group(Name=name)
    athena.update_work_group(
        WorkGroup=name,
        Description="new",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False,
            "BytesScannedCutoffPerQuery": 10_000_000,
            "ResultConfigurationUpdates": {"OutputLocation": "s3://bucket/b/"},
        },
    )
    found = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    assert found["Description"] == "new"
    assert found["Configuration"]["EnforceWorkGroupConfiguration"] is False
    assert found["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000
    assert found["Configuration"]["ResultConfiguration"]["OutputLocation"] == "s3://bucket/b/"
    with pytest.raises(ClientError, match="is not found"):
        athena.get_work_group(WorkGroup="nothing")


def test_a_key_s_rotation_period_is_kept(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    found = kms.get_key_rotation_status(KeyId=key)
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"]) == (True, 180)
    kms.disable_key_rotation(KeyId=key)
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(KeyId=key)


def test_an_image_is_found_by_tag_and_digest_and_its_tag_stays(cloud: Cloud, name: str) -> None:
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")

    def manifest(size: int) -> str:
        config = {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": size,
            "digest": f"sha256:{size:064d}",
        }
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []})

    pushed = ecr.put_image(repositoryName=name, imageManifest=manifest(1), imageTag="one")["image"]["imageId"]
    for wanted in ({"imageTag": "one"}, {"imageDigest": pushed["imageDigest"]}):
        got = ecr.batch_get_image(repositoryName=name, imageIds=[wanted])["images"]
        assert [one["imageManifest"] for one in got] == [manifest(1)]
        described = ecr.describe_images(repositoryName=name, imageIds=[wanted])["imageDetails"]
        assert [one["imageDigest"] for one in described] == [pushed["imageDigest"]]
    with pytest.raises(ClientError) as refused:
        ecr.put_image(repositoryName=name, imageManifest=manifest(2), imageTag="one")
    assert refused.value.response["Error"]["Code"] == "ImageTagAlreadyExistsException"
