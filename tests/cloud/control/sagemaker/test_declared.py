"""Models, configurations, feature groups and pipelines: said back as given, refused where AWS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, allow

ROLE = "arn:aws:iam::000000000000:role/declared"
FEATURES = [
    {"FeatureName": "id", "FeatureType": "String"},
    {"FeatureName": "at", "FeatureType": "String"},
    {"FeatureName": "delay", "FeatureType": "Fractional"},
]
DEFINITION = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": []})


@pytest.fixture(scope="module", autouse=True)
def role(cloud: Cloud) -> None:
    """The role that everything is declared with, and the bucket that it may look at."""
    cloud.role("declared", "sagemaker.amazonaws.com", allow("s3:*"))
    cloud.client("s3").create_bucket(Bucket="declared")


@pytest.fixture
def sagemaker(cloud: Cloud) -> Any:
    """A client."""
    return cloud.client("sagemaker")


def test_a_model_is_said_back(sagemaker: Any, name: str) -> None:
    given = {
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"Image": "image", "Environment": {"A": "1"}, "Mode": "SingleModel"},
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "EnableNetworkIsolation": True,
    }
    arn = sagemaker.create_model(**given, Tags=[{"Key": "a", "Value": "b"}])["ModelArn"]
    found = sagemaker.describe_model(ModelName=name)
    assert {member: found[member] for member in given} == given
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        sagemaker.create_model(**given)
    sagemaker.delete_model(ModelName=name)
    with pytest.raises(ClientError, match="Could not find model") as gone:
        sagemaker.describe_model(ModelName=name)
    assert gone.value.response["Error"]["Code"] == "ValidationException"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_limits_of_the_service_model_are_told_all_at_once(sagemaker: Any) -> None:
    with pytest.raises(ClientError) as refused:
        sagemaker.create_model(ModelName="not_allowed", ExecutionRoleArn="x" * 20, PrimaryContainer={"Image": "image"})
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("2 validation errors detected")
    assert "'not_allowed' at 'modelName'" in message
    assert "at 'executionRoleArn'" in message


def test_a_configuration_needs_its_models_and_is_kept_while_used(sagemaker: Any, name: str) -> None:
    variant = {"VariantName": "live", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    with pytest.raises(ClientError, match="must be unique"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant, variant])
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{**variant, "InitialVariantWeight": 0.0}],
        KmsKeyId="key",
    )
    found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert found["ProductionVariants"] == [{**variant, "InitialVariantWeight": 0.0}]  # 0 is a weight
    assert found["KmsKeyId"] == "key"
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    with pytest.raises(ClientError, match="uses it"):
        sagemaker.delete_endpoint_config(EndpointConfigName=name)


def test_a_feature_group(sagemaker: Any, name: str) -> None:
    given = {
        "FeatureGroupName": name,
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": FEATURES,
        "RoleArn": ROLE,
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    }
    with pytest.raises(ClientError, match="'nothing' is not one of"):
        sagemaker.create_feature_group(**{**given, "EventTimeFeatureName": "nothing"})
    offline = {"S3StorageConfig": {"S3Uri": "s3://declared/features"}}
    sagemaker.create_feature_group(**given, OfflineStoreConfig=offline)
    found = sagemaker.describe_feature_group(FeatureGroupName=name)
    resolved = found["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    assert resolved.startswith("s3://declared/features/000000000000/sagemaker/us-east-1/offline-store/")
    with pytest.raises(ClientError) as taken:
        sagemaker.create_feature_group(**given)
    assert taken.value.response["Error"]["Code"] == "ResourceInUse"
    listed = sagemaker.list_feature_groups(NameContains=name)["FeatureGroupSummaries"]
    assert [one["FeatureGroupName"] for one in listed] == [name]
    sagemaker.delete_feature_group(FeatureGroupName=name)
    with pytest.raises(ClientError) as gone:
        sagemaker.describe_feature_group(FeatureGroupName=name)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_pipeline_keeps_its_definition(cloud: Cloud, sagemaker: Any, name: str) -> None:
    given = {"PipelineName": name, "RoleArn": ROLE, "ClientRequestToken": "t" * 32}
    with pytest.raises(ClientError, match="not JSON"):
        sagemaker.create_pipeline(**given, PipelineDefinition="{")
    sagemaker.create_pipeline(**given, PipelineDefinition=DEFINITION)
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == DEFINITION
    cloud.client("s3").create_bucket(Bucket=name)
    changed = json.dumps({**json.loads(DEFINITION), "Metadata": {"a": 1}})
    cloud.client("s3").put_object(Bucket=name, Key="definition.json", Body=changed)
    place = {"Bucket": name, "ObjectKey": "definition.json"}
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinitionS3Location=place, PipelineDescription="new")
    found = sagemaker.describe_pipeline(PipelineName=name)
    assert (found["PipelineDefinition"], found["PipelineDescription"]) == (changed, "new")
    listed = sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    assert [one["PipelineName"] for one in listed] == [name]
    sagemaker.delete_pipeline(PipelineName=name, ClientRequestToken="t" * 32)
    with pytest.raises(ClientError) as gone:
        sagemaker.describe_pipeline(PipelineName=name)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_tags_are_added_changed_and_removed(sagemaker: Any, name: str) -> None:
    arn = sagemaker.create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    with pytest.raises(ClientError, match="at most 50"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": str(i), "Value": "1"} for i in range(50)])


def test_a_group_s_policy(sagemaker: Any, name: str) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy="{}")
    assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"] == "{}"
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName=name)
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)
