"""A service assumes a role only if its trust policy holds with the keys that AWS documents for the use."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.control.iam import service_uses
from sandbox.cloud.control.iam.policy import Request, decide
from sandbox.cloud.control.iam.service_uses import Use
from tests.cloud.local import Cloud, allow, eventually

OURS = {"StringEquals": {"aws:SourceAccount": "000000000000"}}
USES = {name: value for name, value in vars(service_uses).items() if isinstance(value, Use)}
SENT = {
    "TRAINING_JOB": "arn:aws:sagemaker:us-east-1:000000000000:training-job/n",
    "PROCESSING_JOB": "arn:aws:sagemaker:us-east-1:000000000000:processing-job/n",
    "PIPELINE": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/n",
    "INFERENCE": "arn:aws:sagemaker:us-east-1:000000000000:*",
    "FEATURE_STORE": None,
    "MLFLOW": None,
    "CODEBUILD": "arn:aws:codebuild:us-east-1:000000000000:project/n",
    "STATES": "arn:aws:states:us-east-1:000000000000:stateMachine:n",
    "EVENTS": "arn:aws:events:us-east-1:000000000000:rule/n",
    "SCHEDULER": "arn:aws:scheduler:us-east-1:000000000000:schedule-group/n",
}


def trusting(cloud: Cloud, role: str, service: str, condition: dict[str, Any] | None) -> str:
    """Make a role whose trust policy carries a condition."""
    arn = cloud.role(role, service, allow("*"))
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    statement |= {"Condition": condition} if condition else {}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=document)
    return arn


def test_every_use_sends_what_its_page_says() -> None:
    assert set(USES) == set(SENT)
    for name, use in USES.items():
        context = use.context("000000000000", "us-east-1", "n")
        assert context.get("aws:sourcearn", [None]) == [SENT[name]]
        assert ("aws:sourceaccount" in context) is (SENT[name] is not None)


@pytest.mark.parametrize("name", USES)
def test_a_trust_that_asks_for_the_account_holds_where_the_account_is_sent(name: str) -> None:
    use = USES[name]
    statement = {"Effect": "Allow", "Principal": {"Service": use.principal}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": OURS}]})
    context = use.context("000000000000", "us-east-1", "n")
    request = Request("sts:AssumeRole", ("arn:aws:iam::000000000000:role/r",), context, service=use.principal)
    assert (decide([document], request, by_principal=True) == "Allow") is (SENT[name] is not None)


def machine(cloud: Cloud, name: str, role: str, **more: Any) -> None:
    """Make a state machine."""
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    cloud.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role, **more)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (OURS, True),
        ({"StringEquals": {"aws:SourceAccount": "111111111111"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:states:us-east-1:000000000000:stateMachine:thing-*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:states:us-east-1:000000000000:stateMachine:other"}}, False),
        ({"StringEquals": {"aws:PrincipalArn": "anybody"}}, False),
    ],
)
def test_state_machines(cloud: Cloud, name: str, condition: dict[str, Any], holds: bool) -> None:
    role = trusting(cloud, name, "states.amazonaws.com", condition)
    if holds:
        machine(cloud, name, role)
    else:
        with pytest.raises(ClientError, match=r"states\.amazonaws\.com, nor the regional one is authorized"):
            machine(cloud, name, role)


def test_a_machine_whose_role_lost_its_trust_does_not_start(cloud: Cloud, name: str) -> None:
    role = trusting(cloud, name, "states.amazonaws.com", None)
    machine(cloud, name, role)
    other = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [other]})
    cloud.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=document)
    with pytest.raises(ClientError, match="authorized to assume the provided role"):
        cloud.client("stepfunctions").start_execution(
            stateMachineArn=f"arn:aws:states:us-east-1:000000000000:stateMachine:{name}"
        )


def test_a_machine_that_logs_needs_a_role_that_may_deliver_logs(cloud: Cloud, name: str) -> None:
    group = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}:*"
    cloud.client("logs").create_log_group(logGroupName=name)
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    weak = cloud.role(name, "states.amazonaws.com", allow("logs:*", resource=group))
    with pytest.raises(ClientError, match=r"not authorized to access the Log Destination .*logs:CreateLogDelivery"):
        machine(cloud, name, weak, loggingConfiguration=logging)
    machine(cloud, name, cloud.role(f"{name}-2", "states.amazonaws.com", allow("logs:*")), loggingConfiguration=logging)


def test_a_build_project(cloud: Cloud, name: str) -> None:
    other = {"ArnEquals": {"aws:SourceArn": "arn:aws:codebuild:us-east-1:000000000000:project/other"}}
    mine = {"ArnEquals": {"aws:SourceArn": f"arn:aws:codebuild:us-east-1:000000000000:project/{name}"}}
    project = {
        "name": name,
        "source": {"type": "S3", "location": "bucket/bundle.zip"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
    }
    codebuild = cloud.client("codebuild")
    role = trusting(cloud, f"{name}-other", "codebuild.amazonaws.com", other)
    with pytest.raises(ClientError, match="CodeBuild is not authorized to perform: sts:AssumeRole"):
        codebuild.create_project(**project, serviceRole=role)
    codebuild.create_project(**project, serviceRole=trusting(cloud, name, "codebuild.amazonaws.com", mine))


def made(sagemaker: Any, group: str) -> dict[str, Any] | None:
    """Return a feature group that is no longer being made."""
    found: dict[str, Any] = sagemaker.describe_feature_group(FeatureGroupName=group)
    return None if found["FeatureGroupStatus"] == "Creating" else found


def test_a_feature_group_s_role_gets_no_source_account(cloud: Cloud, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    group = {
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": [
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://{name}/features"}},
    }
    sagemaker = cloud.client("sagemaker")
    for part, condition, status in (("a", OURS, "CreateFailed"), ("b", None, "Created")):
        role = trusting(cloud, f"{name}-{part}", "sagemaker.amazonaws.com", condition)
        sagemaker.create_feature_group(FeatureGroupName=f"{name}-{part}", RoleArn=role, **group)
        found = eventually(partial(made, sagemaker, f"{name}-{part}"))
        assert found["FeatureGroupStatus"] == status
        assert ("Could not assume role" in found.get("FailureReason", "")) is (status == "CreateFailed")
    with pytest.raises(ClientError, match="RoleArn is required"):
        sagemaker.create_feature_group(FeatureGroupName=f"{name}-c", **group)


def test_a_role_assumes_another_only_if_that_one_trusts_it(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    other = cloud.role(name, "sagemaker.amazonaws.com")
    sts = acting("sts", allow("sts:AssumeRole"))
    with pytest.raises(ClientError, match=f"sts:AssumeRole on resource: {other}"):
        sts.assume_role(RoleArn=other, RoleSessionName="me")
    root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    cloud.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=document)
    assert sts.assume_role(RoleArn=other, RoleSessionName="me")["AssumedRoleUser"]["Arn"].endswith(f"{name}/me")
