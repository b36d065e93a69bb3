"""The model registry, as its callers and its events see it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, gathered

CONTAINERS = {
    "Containers": [{"Image": "image@sha256:1", "ModelDataUrl": "s3://b/model.tar.gz", "Environment": {"A": "1"}}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


@pytest.fixture
def sagemaker(cloud: Cloud) -> Any:
    """A client."""
    return cloud.client("sagemaker")


@pytest.fixture
def group(sagemaker: Any, name: str) -> str:
    """A model package group."""
    sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=[{"Key": "a", "Value": "b"}])
    return name


def register(sagemaker: Any, group: str, **more: Any) -> str:
    created = sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=CONTAINERS, **more)
    return str(created["ModelPackageArn"])


def test_packages_get_versions_and_wait_for_approval(sagemaker: Any, group: str) -> None:
    arns = [register(sagemaker, group) for _ in range(3)]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2", "3"]
    found = sagemaker.describe_model_package(ModelPackageName=arns[0])
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["ModelPackageStatus"] == "Completed"
    assert found["InferenceSpecification"] == CONTAINERS
    sagemaker.delete_model_package(ModelPackageName=arns[2])
    assert register(sagemaker, group).endswith("/4")  # a number is never used twice


def test_metadata_is_merged_and_removed(sagemaker: Any, group: str) -> None:
    arn = register(sagemaker, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    sagemaker.update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"b": "3", "c": "4"}, CustomerMetadataPropertiesToRemove=["a"]
    )
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["CustomerMetadataProperties"] == {"b": "3", "c": "4"}


def test_limits_are_aws_s(sagemaker: Any, group: str) -> None:
    with pytest.raises(ClientError, match="256"):
        register(sagemaker, group, CustomerMetadataProperties={"a": "x" * 257})
    with pytest.raises(ClientError, match=r"ModelPackageGroup .* does not exist"):
        register(sagemaker, "nowhere")
    with pytest.raises(ClientError, match="enum value set"):
        register(sagemaker, group, ModelApprovalStatus="Perhaps")
    assert sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"] == []


@pytest.mark.parametrize("metadata", [{"parameters": '{"max_iter": 150}'}, {"a,b": "1"}, {"a": "line\nline"}])
def test_metadata_that_aws_refuses_is_refused(sagemaker: Any, group: str, metadata: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=r"customerMetadataProperties.*regular expression pattern") as refused:
        register(sagemaker, group, CustomerMetadataProperties=metadata)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    arn = register(sagemaker, group, CustomerMetadataProperties={"uri": "s3://b/a-b_c/d.json", "é ö": "a=+/@:1"})
    with pytest.raises(ClientError, match="customerMetadataProperties"):
        sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties=metadata)
    with pytest.raises(ClientError, match="less than or equal to 50"):
        register(sagemaker, group, CustomerMetadataProperties={f"k{number}": "1" for number in range(51)})


def test_lists_filter_order_and_pages(sagemaker: Any, group: str) -> None:
    arns = [register(sagemaker, group) for _ in range(5)]
    for arn in arns[1:3]:
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    approved = sagemaker.list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )
    assert [one["ModelPackageArn"] for one in approved["ModelPackageSummaryList"]] == [arns[2]]
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}
    )
    assert [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]] == arns
    everything = sagemaker.list_model_packages(ModelPackageGroupName=group, CreationTimeAfter="2100-01-01")
    assert everything["ModelPackageSummaryList"] == []


def test_an_unversioned_package(sagemaker: Any, name: str) -> None:
    made = sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=CONTAINERS)
    assert made["ModelPackageArn"].endswith(f":model-package/{name}")
    assert "ModelApprovalStatus" not in sagemaker.describe_model_package(ModelPackageName=name)
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=CONTAINERS)
    listed = sagemaker.list_model_packages(NameContains=name)["ModelPackageSummaryList"]
    assert [one["ModelPackageName"] for one in listed] == [name]


def test_a_group_with_packages_stays(sagemaker: Any, group: str) -> None:
    arn = register(sagemaker, group)
    with pytest.raises(ClientError, match="holds 1 model packages") as refused:
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_every_change_is_an_event(cloud: Cloud, sagemaker: Any, group: str) -> None:
    url, queue = cloud.queue(group)
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group]},
    }
    cloud.client("events").put_rule(Name=group, EventPattern=json.dumps(pattern))
    cloud.client("events").put_targets(Rule=group, Targets=[{"Id": "queue", "Arn": queue}])
    arn = register(sagemaker, group, CustomerMetadataProperties={"gates": "passed"})
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    events = gathered(lambda: cloud.received(url), 2)
    details = sorted((event["detail"] for event in events), key=lambda detail: "UpdatedModelPackageFields" in detail)
    assert [detail["ModelApprovalStatus"] for detail in details] == ["PendingManualApproval", "Approved"]
    assert details[1]["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ApprovalDescription"]
    for detail in details:
        assert detail["ModelPackageArn"] == arn
        assert detail["ModelPackageVersion"] == 1
        assert detail["CustomerMetadataProperties"] == {"gates": "passed"}
    assert {tuple(event["resources"]) for event in events} == {(arn,)}
