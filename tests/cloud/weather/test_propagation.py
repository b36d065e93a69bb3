"""Rights are judged as they were ten seconds ago."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.cloud.weather.propagation import SECONDS
from tests.cloud.local import REGION, Cloud
from tests.cloud.weather.conftest import Clients

TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
READ = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    """Return a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def acting(cloud: Cloud, patient: Clients, role: str) -> Any:
    """Return a client with a role's rights."""
    keys = patient("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    return boto3.client(
        "ssm",
        endpoint_url=cloud.settings.endpoint_url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(retries={"max_attempts": 10, "mode": "standard"}),
    )


def train(sagemaker: Any, role: str, name: str) -> Any:
    """Start a training job."""
    return sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://nowhere/"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def test_roles_and_policies_take_ten_seconds(cloud: Cloud, patient: Clients) -> None:
    iam, sagemaker = patient("iam", "aws-sdk-go-v2"), patient("sagemaker")
    role = iam.create_role(RoleName="carter", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="carter", PolicyName="rights", PolicyDocument=document(READ))
    patient("ssm").put_parameter(Name="cart", Value="x", Type="String")
    with pytest.raises(ClientError, match="AccessDenied"):
        acting(cloud, patient, role)
    with pytest.raises(ClientError, match="Could not assume role"):
        train(sagemaker, role, "early")
    time.sleep(SECONDS + 0.1)
    ssm = acting(cloud, patient, role)
    assert ssm.get_parameter(Name="cart")
    train(sagemaker, role, "late")

    iam.delete_role_policy(RoleName="carter", PolicyName="rights")
    assert ssm.get_parameter(Name="cart")
    time.sleep(SECONDS + 0.1)
    with pytest.raises(ClientError, match="not authorized"):
        ssm.get_parameter(Name="cart")
