"""Every policy of every environment, held against what AWS documents about IAM."""

from __future__ import annotations

from typing import Any

import pytest

from tests import iam
from tests.components.recording import ACCOUNT, REGION, Registration
from tests.stacks import environments

AS_AWS_PRINTS = {
    "keys-logs: kms:Describe* knows no condition kms:EncryptionContext:aws:logs:arn": (
        "CloudWatch Logs' page on encryption prints the statement so; the other actions carry the condition"
    ),
    "flights-features-job-policy: no action is called sagemaker:BatchWriteRecord": (
        "newer than the data; botocore's model has the operation, and its page names the action"
    ),
    "image-build-policy: no action of the statement works on "
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:image-build-log-0000000": (
        "CodeBuild's page prints the group beside its streams"
    ),
}
"""What the gate would refuse and stays, with the reason."""


@pytest.mark.parametrize("name", environments.EVERY)
def test_actions_resources_and_conditions_are_aws_s(name: str) -> None:
    found = list(iam.documents(environments.of(name)))
    assert {document.kind for document in found} == {"identity", "trust", "key", "bucket", "topic", "table"}
    problems = {problem for document in found for problem in iam.problems(document)}
    assert problems == AS_AWS_PRINTS.keys()


def test_no_policy_is_written_where_the_gate_does_not_look() -> None:
    """A document is JSON with statements, wherever a resource carries it."""

    def carries(found: Registration) -> bool:
        return any(isinstance(value, str) and '"Statement"' in value for value in found.inputs.values())

    recording = environments.of("local")
    carriers = {found.name for found in recording.aws if carries(found)}
    assert carriers == {document.name for document in iam.documents(recording)}


QUEUE = "arn:aws:sqs:eu-west-1:111122223333:queue"
MODEL = "arn:aws:sagemaker:eu-west-1:111122223333:model/m"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Action": "s3:ReadObject"}, "no action is called s3:ReadObject"),
        ({"Action": "s4:GetObject"}, "no action is called s4:GetObject"),
        ({"Action": "s3:Fetch*"}, "no action is called s3:Fetch*"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}, "s3:GetObject works on"),
        ({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket/key"}, "s3:ListBucket works on"),
        ({"Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/*", QUEUE]}, f"works on {QUEUE}"),
        ({"Action": "sagemaker:CreateModel", "Resource": "*"}, "sagemaker:CreateModel works on model, and is given *"),
        ({"Action": "sagemaker:CreateModel", "Resource": MODEL.replace("model/", "endpoint/")}, "works on model"),
        ({"Action": "sagemaker:CreateModel", "Resource": MODEL.replace("eu-west-1", "")}, "works on model"),
        ({"Action": "xray:PutTraceSegments", "Resource": MODEL}, "xray:PutTraceSegments knows no resources"),
        ({"Condition": {"StringEquals": {"s3:colour": "red"}}}, "s3:GetObject knows no condition s3:colour"),
        ({"Condition": {"StringEquals": {"s3:prefix": "a"}}}, "s3:GetObject knows no condition s3:prefix"),
        ({"Condition": {"StringEquals": {"aws:SecureTransport": "true"}}}, "of type Bool, which StringEquals"),
        ({"Condition": {"Bool": {"aws:SourceAccount": "1"}}}, "is of type String, which Bool does not"),
    ],
)  # fmt: skip
def test_what_aws_would_refuse_is_found(statement: dict[str, Any], said: str) -> None:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", **statement}
    found = iam.problems(iam.Document("identity", "bad", (whole,)))
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Action": "s3:Get*", "Resource": ["arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket"], "Effect": "Deny"},
        {"Action": "sagemaker:CreateModel", "Resource": MODEL},
        {"Action": "sagemaker:ListModelPackages", "Resource": "*"},
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"s3:prefix": ["a/*"]}}},
        {"Condition": {"ForAllValues:StringNotEqualsIfExists": {"aws:TagKeys": ["a"]}}},
        {"Condition": {"Null": {"aws:SecureTransport": "true"}}},
    ],
)
def test_what_aws_would_take_is_left_alone(statement: dict[str, Any]) -> None:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", **statement}
    if statement.get("Action") == "s3:Get*":
        whole["Resource"] = "*"
    assert iam.problems(iam.Document("identity", "good", (whole,))) == []
