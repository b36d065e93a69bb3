"""What limits a role beside its own policies: a boundary, resources' policies, several resources in one call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import REGION, Cloud, allow


def acting_as(cloud: Cloud, role: str, service: str) -> Any:
    """Return a client with the credentials of a role."""
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=cloud.settings.endpoint_url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def document(*statements: dict[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_boundary_limits_what_policies_allow(cloud: Cloud, name: str) -> None:
    iam = cloud.client("iam")
    role = cloud.role(name, "sagemaker.amazonaws.com", allow("s3:*", "ssm:*"))
    limit = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=limit)
    acting_as(cloud, role, "s3").list_buckets()
    with pytest.raises(ClientError, match="because no permissions boundary allows the ssm:DescribeParameters action"):
        acting_as(cloud, role, "ssm").describe_parameters()
    with pytest.raises(ClientError, match="with an explicit deny in a permissions boundary"):
        denied = iam.create_policy(
            PolicyName=f"{name}-2", PolicyDocument=document(allow("*"), {**allow("s3:List*"), "Effect": "Deny"})
        )
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=denied["Policy"]["Arn"])
        acting_as(cloud, role, "s3").list_buckets()


def test_a_bucket_s_deny_wins_over_a_role_s_allow(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    s3 = acting("s3", allow("s3:*"))
    mine = boto3_role(s3)
    spared = {"NotPrincipal": {"AWS": [mine, "arn:aws:iam::000000000000:root"]}}
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"}
    cloud.client("s3").put_bucket_policy(Bucket=name, Policy=document({**deny, **spared}))
    s3.put_object(Bucket=name, Key="a", Body=b"")
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        acting("s3", allow("s3:*")).put_object(Bucket=name, Key="a", Body=b"")


def boto3_role(client: Any) -> str:
    """Return the ARN of the role that a client acts as."""
    credentials = client._request_signer._credentials
    sts = boto3.client(
        "sts",
        endpoint_url=client.meta.endpoint_url,
        region_name=REGION,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    )
    name = sts.get_caller_identity()["Arn"].split("/")[1]
    return f"arn:aws:iam::000000000000:role/{name}"


def test_a_call_on_several_resources_needs_the_right_on_each(cloud: Cloud, acting: Callable[..., Any]) -> None:
    for parameter in ("/several/a", "/several/b"):
        cloud.client("ssm").put_parameter(Name=parameter, Type="String", Value="1")
    base = "arn:aws:ssm:us-east-1:000000000000:parameter/several"
    ssm = acting("ssm", allow("ssm:GetParameters", resource=f"{base}/a"))
    assert ssm.get_parameters(Names=["/several/a"])["Parameters"]
    with pytest.raises(ClientError, match=f"on resource: {base}/b"):
        ssm.get_parameters(Names=["/several/a", "/several/b"])


def test_an_action_that_knows_no_resource_needs_the_star(acting: Callable[..., Any]) -> None:
    one = allow("ssm:DescribeParameters", resource="arn:aws:ssm:us-east-1:000000000000:parameter/a")
    with pytest.raises(ClientError, match=r"ssm:DescribeParameters on resource: \*"):
        acting("ssm", one).describe_parameters()


def test_log_groups_are_named_with_what_follows(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    cloud.client("logs").create_log_group(logGroupName=name)
    group = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}"
    with pytest.raises(ClientError, match="logs:CreateLogStream"):
        acting("logs", allow("logs:*", resource=group)).create_log_stream(logGroupName=name, logStreamName="a")
    logs = acting("logs", allow("logs:*", resource=f"{group}:*"))
    logs.create_log_stream(logGroupName=name, logStreamName="a")
    assert logs.describe_log_streams(logGroupName=name)["logStreams"]


def test_a_log_group_s_key_has_to_let_logs_in(cloud: Cloud, name: str) -> None:
    logs, kms = cloud.client("logs"), cloud.client("kms")
    root = {**allow("kms:*"), "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}
    about = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}"
    use = {
        **allow("kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"),
        "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": about}},
    }
    alone = kms.create_key(Policy=document(root))["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError, match="not allowed to be used with Arn"):
        logs.create_log_group(logGroupName=name, kmsKeyId=alone)
    shared = kms.create_key(Policy=document(root, use))["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError, match="not allowed to be used with Arn"):
        logs.create_log_group(logGroupName=f"{name}-other", kmsKeyId=shared)
    logs.create_log_group(logGroupName=name, kmsKeyId=shared)


def test_access_logs_come_where_the_bucket_lets_them_in(cloud: Cloud, name: str) -> None:
    s3 = cloud.client("s3")
    for bucket in (name, f"{name}-logs"):
        s3.create_bucket(Bucket=bucket)
    target = f"{name}-logs"
    write = {
        **allow("s3:PutObject", resource=f"arn:aws:s3:::{target}/*"),
        "Principal": {"Service": "logging.s3.amazonaws.com"},
    }
    s3.put_bucket_policy(Bucket=target, Policy=document(write))
    logging = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "access/"}}
    s3.put_bucket_logging(Bucket=name, BucketLoggingStatus=logging)
    s3.list_objects_v2(Bucket=name)
    came = s3.list_objects_v2(Bucket=target)["KeyCount"]
    assert came
    other = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    s3.put_bucket_policy(Bucket=target, Policy=document({**write, "Condition": other}))
    s3.list_objects_v2(Bucket=name)
    assert s3.list_objects_v2(Bucket=target)["KeyCount"] == came


def test_a_topic_s_and_a_table_s_key(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    topic = cloud.client("sns").create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    cloud.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    item = {"id": {"S": "1"}}
    with pytest.raises(ClientError, match="kms:Decrypt"):
        acting("sns", allow("sns:*")).publish(TopicArn=topic, Message="1")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        acting("dynamodb", allow("dynamodb:*")).put_item(TableName=name, Item=item)
    use = allow("kms:Decrypt", "kms:GenerateDataKey", resource=key)
    acting("sns", allow("sns:*"), use).publish(TopicArn=topic, Message="1")
    acting("dynamodb", allow("dynamodb:*"), use).put_item(TableName=name, Item=item)


def test_who_makes_an_encrypted_volume_makes_a_grant(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    role = cloud.role(name, "sagemaker.amazonaws.com")
    job = {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
                "VolumeKmsKeyId": key,
            }
        },
    }
    rights = (allow("sagemaker:CreateProcessingJob"), allow("iam:PassRole", resource=role))
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        acting("sagemaker", *rights, allow("kms:DescribeKey")).create_processing_job(**job)
    grant = {**allow("kms:CreateGrant"), "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}
    acting("sagemaker", *rights, allow("kms:DescribeKey"), grant).create_processing_job(**job)
