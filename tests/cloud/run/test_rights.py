"""What a job's, an endpoint's and a build's role has to have beside its own calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.run.conftest import ACCOUNT, REGION, REGISTRY, Cloud, tiny_image
from tests.cloud.run.jobs.requests import processing

PULL = ("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer")


def ended(cloud: Cloud, request: dict[str, Any]) -> tuple[str, str]:
    """Run a processing job; return its status and the reason of its failure."""
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_processing_job(**request)

    def over() -> dict[str, Any] | None:
        found = sagemaker.describe_processing_job(ProcessingJobName=request["ProcessingJobName"])
        return found if found["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    found = cloud.until(over, "the job", 60)
    return found["ProcessingJobStatus"], found.get("FailureReason", "")


@pytest.mark.parametrize("lacks", PULL)
def test_an_image_is_pulled_with_all_four_rights(cloud: Cloud, image: str, lacks: str) -> None:
    name = f"pull-{lacks.rpartition(':')[2].lower()[:20]}"
    role = cloud.role(name, "sagemaker.amazonaws.com", deny=(lacks,))
    status, reason = ended(cloud, processing(name, image, role, ["process"]))
    assert status == "Failed"
    assert f"Cannot find image {image}" in reason
    assert "ecr:BatchGetImage" in reason


def test_outputs_and_volumes_under_a_key_need_what_aws_s_page_of_roles_prints(cloud: Cloud, image: str) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    for lacks, name in (("kms:Encrypt", "no-encrypt"), ("kms:CreateGrant", "no-grant")):
        role = cloud.role(name, "sagemaker.amazonaws.com", deny=(lacks,))
        request = processing(name, image, role, ["process"])
        request["ProcessingOutputConfig"]["KmsKeyId"] = key
        request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] = key
        status, reason = ended(cloud, request)
        assert status == "Failed"
        assert f"is not authorized to perform: {lacks} on resource: {key}" in reason


def test_a_job_in_a_network_needs_its_interfaces(cloud: Cloud, image: str) -> None:
    role = cloud.role("no-network", "sagemaker.amazonaws.com", deny=("ec2:CreateNetworkInterface",))
    network = {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
    status, reason = ended(cloud, processing("no-network", image, role, ["process"], NetworkConfig=network))
    assert status == "Failed"
    assert "ec2:CreateNetworkInterface" in reason


def test_a_model_s_data_are_looked_at_with_its_role(cloud: Cloud, image: str) -> None:
    sagemaker = cloud.client("sagemaker")
    uri = cloud.put("looked-at/model.tar.gz", b"1")
    blind = cloud.role("blind", "sagemaker.amazonaws.com", deny=("s3:GetObject",))
    seeing = cloud.role("seeing", "sagemaker.amazonaws.com")
    for role, data in ((blind, uri), (seeing, "s3://lake/looked-at/nothing.tar.gz")):
        with pytest.raises(ClientError, match=f"Could not access model data at {data}"):
            sagemaker.create_model(
                ModelName="looked-at", ExecutionRoleArn=role, PrimaryContainer={"Image": image, "ModelDataUrl": data}
            )
    sagemaker.create_model(
        ModelName="looked-at", ExecutionRoleArn=seeing, PrimaryContainer={"Image": image, "ModelDataUrl": uri}
    )


PUSH = ("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload")


@pytest.mark.parametrize("lacks", PUSH)
def test_a_build_pushes_layers_with_its_role(cloud: Cloud, lacks: str) -> None:
    tag = lacks.rpartition(":")[2].lower()[:16]
    role = cloud.role(f"push-{tag}", "codebuild.amazonaws.com", deny=(lacks,))
    cloud.client("codebuild").update_project(name="images", serviceRole=role)
    try:
        files = tiny_image()
        files["program/train.py"] += f"# {tag}\n"  # a layer that the repository does not have
        build = cloud.build(files, tag)
    finally:
        builder = f"arn:aws:iam::{ACCOUNT}:role/builder"
        cloud.client("codebuild").update_project(name="images", serviceRole=builder)
    assert build["buildStatus"] == "FAILED"
    lines = "\n".join(cloud.log("/builds", build["logs"]["streamName"]))
    assert f"is not authorized to perform: {lacks} on resource: arn:aws:ecr:{REGION}:{ACCOUNT}:repository/tiny" in lines
    assert REGISTRY in lines


BUCKET = "arn:aws:s3:::lake"
WORK: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{BUCKET}/tracked/*"},
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": BUCKET,
        "Condition": {"StringLike": {"s3:prefix": ["tracked/*"]}},
    },
]


@pytest.mark.parametrize(
    ("more", "trust", "said"),
    [
        ([], {}, "HeadBucket operation: Forbidden"),
        ([{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}], {}, "s3:GetBucketLocation"),
        (
            [{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": BUCKET}],
            {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            "Could not assume role",
        ),
    ],
    ids=["conditioned", "location", "trust"],
)
def test_a_tracking_server_s_role_has_to_do_a_server_s_work(
    cloud: Cloud, more: list[dict[str, Any]], trust: dict[str, Any], said: str, request: pytest.FixtureRequest
) -> None:
    name = f"tracked-{request.node.callspec.id}"
    iam, sagemaker = cloud.client("iam"), cloud.client("sagemaker")
    statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = _document({**statement, "Condition": trust} if trust else statement)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=_document(*WORK, *more))
    sagemaker.create_mlflow_tracking_server(TrackingServerName=name, ArtifactStoreUri="s3://lake/tracked", RoleArn=role)

    def failed() -> bool:
        found = sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)
        return bool(found["TrackingServerStatus"] == "CreateFailed")

    cloud.until(failed, "the server's end", 30)
    log = (cloud.folder / "output").read_text()
    assert f"the MLflow server {name} is CreateFailed: role {role}" in log
    assert said in log.partition(f"server {name} is CreateFailed")[2].partition("\n")[0]
    sagemaker.delete_mlflow_tracking_server(TrackingServerName=name)


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
