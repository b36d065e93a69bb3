"""What a role's policies allow and deny."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, allow

CONTAINERS = {
    "Containers": [{"Image": "image"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
NO_APPROVAL = {
    "Effect": "Deny",
    "Action": ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
    "Resource": "*",
    "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
}


@pytest.fixture
def group(cloud: Cloud, name: str) -> str:
    """A model package group."""
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return name


def test_a_role_that_may_register_cannot_approve(cloud: Cloud, acting: Callable[..., Any], group: str) -> None:
    sagemaker = acting("sagemaker", allow("sagemaker:*"), NO_APPROVAL)
    package = sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=CONTAINERS)
    arn = package["ModelPackageArn"]
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy") as refused:
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="explicit deny"):
        sagemaker.create_model_package(
            ModelPackageGroupName=group, InferenceSpecification=CONTAINERS, ModelApprovalStatus="Approved"
        )
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    described = cloud.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Rejected"


def test_what_no_policy_allows_is_refused_and_named(acting: Callable[..., Any]) -> None:
    with pytest.raises(ClientError) as refused:
        acting("sagemaker").describe_model(ModelName="any")
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("User: arn:aws:sts::000000000000:assumed-role/role-")
    assert "/tester is not authorized to perform: sagemaker:DescribeModel on resource: arn:aws:sagemaker:" in message
    assert message.endswith("because no identity-based policy allows the sagemaker:DescribeModel action")


def test_rights_hold_for_the_named_resource_only(acting: Callable[..., Any], cloud: Cloud, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    s3 = acting("s3", allow("s3:PutObject", resource=f"arn:aws:s3:::{name}/mine/*"))
    s3.put_object(Bucket=name, Key="mine/a", Body=b"1")
    with pytest.raises(ClientError, match=f"arn:aws:s3:::{name}/theirs/a"):
        s3.put_object(Bucket=name, Key="theirs/a", Body=b"1")


def test_handing_a_role_to_a_service_needs_pass_role(acting: Callable[..., Any], cloud: Cloud, name: str) -> None:
    role = cloud.role(name, "sagemaker.amazonaws.com")
    passing = {
        **allow("iam:PassRole", resource=role),
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    wanted = {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": "image"}}
    with pytest.raises(ClientError, match="iam:PassRole on resource"):
        acting("sagemaker", allow("sagemaker:CreateModel")).create_model(**wanted)
    acting("sagemaker", allow("sagemaker:CreateModel"), passing).create_model(**wanted)


def test_tags_on_creation_need_the_right_to_tag(acting: Callable[..., Any], name: str) -> None:
    sagemaker = acting("sagemaker", allow("sagemaker:CreateModelPackageGroup"))
    with pytest.raises(ClientError, match="sagemaker:AddTags"):
        sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=[{"Key": "a", "Value": "b"}])


def test_an_attached_policy_of_aws_counts(cloud: Cloud, name: str) -> None:
    role = cloud.role(name, "sagemaker.amazonaws.com")
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    import boto3

    ssm = boto3.client(
        "ssm",
        endpoint_url=cloud.settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(ClientError, match="ssm:DescribeParameters"):
        ssm.describe_parameters()
    cloud.client("iam").attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    assert ssm.describe_parameters()["Parameters"] == []


def test_everybody_may_ask_who_they_are(acting: Callable[..., Any]) -> None:
    assert acting("sts").get_caller_identity()["Arn"].endswith("/tester")
