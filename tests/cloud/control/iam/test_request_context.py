"""Which condition keys a request carries, and with which values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.cloud.actions import Call
from sandbox.cloud.control.iam.request_context import context_of
from sandbox.cloud.control.sagemaker import tags

ACCOUNT, REGION, ROLE = "000000000000", "eu-west-1", "arn:aws:iam::000000000000:role/r"
CLOCK = ("aws:currenttime", "aws:epochtime")
OF_EVERY_CALL = {
    "aws:securetransport": ["true"],
    "aws:sourceip": ["127.0.0.1"],
    "aws:requestedregion": [REGION],
    "aws:principalaccount": [ACCOUNT],
    "aws:principaltype": ["AssumedRole"],
    "aws:principalarn": [ROLE],
    "aws:principalisawsservice": ["false"],
    "aws:viaawsservice": ["false"],
}
OF_S3 = {
    "s3:authtype": ["REST-HEADER"],
    "s3:signatureversion": ["AWS4-HMAC-SHA256"],
    "s3:tlsversion": ["1.3"],
}


def carried(service: str, action: str, environ: dict[str, str] | None = None, **params: Any) -> dict[str, list[str]]:
    """Return the keys of a role's call, without those of every call."""
    found = context_of(Call(service, action, params, ACCOUNT, REGION), environ or {}, ROLE)
    usual = {**OF_EVERY_CALL, **(OF_S3 if service == "s3" else {})}
    assert {key: found.pop(key) for key in usual} == usual
    assert len([found.pop(key) for key in CLOCK]) == len(CLOCK)
    return found


def test_every_call_says_who_makes_it_whence_and_when() -> None:
    assert carried("ssm", "GetParameter", Name="/a") == {}
    own = context_of(Call("ssm", "GetParameter", {}, ACCOUNT, REGION), {}, None)
    assert (own["aws:principaltype"], own["aws:principalarn"]) == (["Account"], [f"arn:aws:iam::{ACCOUNT}:root"])
    (written,), (seconds,) = own["aws:currenttime"], own["aws:epochtime"]
    then = datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert int(then.timestamp()) == int(seconds)
    assert abs((datetime.now(UTC) - then).total_seconds()) < 60


TAGS = {"aws:tagkeys": ["Team", "b"], "aws:requesttag/team": ["x"], "aws:requesttag/b": ["Y"]}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"Tags": [{"Key": "Team", "Value": "x"}, {"Key": "b", "Value": "Y"}]}, TAGS),
        ({"tags": [{"key": "Team", "value": "x"}, {"key": "b", "value": "Y"}]}, TAGS),
        ({"Tags": {"Team": "x"}}, {}),
        ({"Tags": []}, {}),
    ],
)
def test_tags_that_are_asked_for(params: dict[str, Any], wanted: dict[str, list[str]]) -> None:
    assert carried("ssm", "PutParameter", **params) == wanted


@pytest.mark.parametrize(
    ("service", "params", "wanted"),
    [
        ("cloudwatch", {"Namespace": "Ours"}, {"cloudwatch:namespace": ["Ours"]}),
        ("cloudwatch", {}, {}),
        ("ssm", {"Namespace": "Ours", "Prefix": "p", "InstanceType": "t"}, {}),
    ],
)
def test_a_namespace_is_cloudwatch_s(service: str, params: dict[str, Any], wanted: dict[str, list[str]]) -> None:
    assert carried(service, "PutMetricData", **params) == wanted


@pytest.mark.parametrize(
    ("action", "environ", "params", "wanted"),
    [
        ("GetObject", {}, {}, {}),
        ("ListObjectsV2", {}, {"Prefix": "a/", "Delimiter": "/"}, {"s3:prefix": ["a/"], "s3:delimiter": ["/"]}),
        ("ListObjectsV2", {}, {"MaxKeys": 0, "Prefix": None}, {"s3:max-keys": ["0"]}),
        ("GetObject", {}, {"VersionId": "1"}, {"s3:versionid": ["1"]}),
        (
            "GetObject",
            {"HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION": "aws:kms", "HTTP_ACCEPT": "x"},
            {},
            {"s3:x-amz-server-side-encryption": ["aws:kms"]},
        ),
        ("GetObject", {"HTTP_IF_MATCH": '"e"'}, {}, {"s3:if-match": ['"e"']}),
        (
            "PutObject",
            {"HTTP_IF_NONE_MATCH": "*"},
            {},
            {"s3:if-none-match": ["*"], "s3:objectcreationoperation": ["true"]},
        ),
        ("CopyObject", {}, {}, {"s3:objectcreationoperation": ["true"]}),
        ("CompleteMultipartUpload", {}, {}, {"s3:objectcreationoperation": ["true"]}),
        ("CreateMultipartUpload", {}, {}, {"s3:objectcreationoperation": ["false"]}),
        ("UploadPart", {}, {}, {"s3:objectcreationoperation": ["false"]}),
        ("UploadPartCopy", {}, {}, {"s3:objectcreationoperation": ["false"]}),
        ("DeleteObject", {}, {}, {}),
    ],
)
def test_what_s3_says_of_a_call(
    action: str, environ: dict[str, str], params: dict[str, Any], wanted: dict[str, list[str]]
) -> None:
    assert carried("s3", action, environ, **params) == wanted


KEY, OTHER = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ("one", "two"))
NETWORK = {"Subnets": ["s1", "s2"], "SecurityGroupIds": ["g"]}
IN_NETWORK = {"sagemaker:vpcsubnets": ["s1", "s2"], "sagemaker:vpcsecuritygroupids": ["g"]}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"ModelApprovalStatus": "Approved"}, {"sagemaker:modelapprovalstatus": ["Approved"]}),
        ({"EnableNetworkIsolation": True}, {"sagemaker:networkisolation": ["true"]}),
        ({"EnableNetworkIsolation": False}, {"sagemaker:networkisolation": ["false"]}),
        (
            {"EnableInterContainerTrafficEncryption": True},
            {"sagemaker:intercontainertrafficencryption": ["true"]},
        ),
        # an endpoint configuration's own key is its volume's; that of what a job writes stands deeper
        ({"KmsKeyId": KEY}, {"sagemaker:volumekmskey": [KEY], "sagemaker:outputkmskey": [KEY]}),
        ({"OutputDataConfig": {"KmsKeyId": KEY}}, {"sagemaker:outputkmskey": [KEY]}),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": OTHER}},
            {"sagemaker:instancetypes": ["ml.m5.large"], "sagemaker:volumekmskey": [OTHER]},
        ),
        (
            {"ProductionVariants": [{"InstanceType": "b"}, {"InstanceType": "a"}, {"InstanceType": "b"}]},
            {"sagemaker:instancetypes": ["a", "b"]},
        ),
        ({"InstanceType": {"InstanceType": "a"}}, {"sagemaker:instancetypes": ["a"]}),
        ({"InstanceType": 7, "Other": "a"}, {}),
        ({"VpcConfig": NETWORK}, IN_NETWORK),
        ({"NetworkConfig": {"VpcConfig": NETWORK}}, IN_NETWORK),
        ({"NetworkConfig": {"EnableNetworkIsolation": True}}, {}),
    ],
)
def test_what_sagemaker_says_of_a_call(params: dict[str, Any], wanted: dict[str, list[str]]) -> None:
    assert carried("sagemaker", "CreateSomething", **params) == wanted


@pytest.fixture
def tagged() -> Iterator[None]:
    """An endpoint and an endpoint configuration with tags."""
    arns = [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{name}" for name in ("endpoint/e", "endpoint-config/c")]
    for arn, team in zip(arns, ("x", "y"), strict=True):
        tags.put(arn, [{"Key": "Team", "Value": team}])
    yield
    for arn in arns:
        tags.forget(arn)


@pytest.mark.usefixtures("tagged")
def test_the_tags_of_what_a_call_is_about() -> None:
    of_endpoint = {"aws:resourcetag/team": ["x"]}
    assert carried("sagemaker", "DescribeEndpoint", EndpointName="e") == of_endpoint
    # an update is about the configuration too, which is judged by what the endpoint carries
    assert carried("sagemaker", "UpdateEndpoint", EndpointName="e", EndpointConfigName="c") == of_endpoint
    assert carried("sagemaker", "ListEndpoints") == {}
