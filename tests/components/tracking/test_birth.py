"""A tracking server's birth can be tried again, against the local cloud: what failed goes, all else stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.births.calls import NameTakenError
from components.tracking.birth import TrackingBirthProvider
from sandbox.cloud import credentials
from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.local import REGION, Cloud, eventually, started

STACK = {"headrace:stack": "test", "headrace:workload": "flights"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
WORK = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with a bucket, and a role whose rights are missing; the provider's own clients reach it."""
    with started(Cloud, tmp_path_factory.mktemp("births")) as made, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.settings.endpoint_url)
        for name, value in credentials.of(made.settings.folder).items():
            monkeypatch.setenv(name, value)
        made.client("s3").create_bucket(Bucket="lake")
        made.client("iam").create_role(RoleName="server", AssumeRolePolicyDocument=_document(TRUST))
        yield made


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def props(name: str, **changed: Any) -> dict[str, Any]:
    """What the resource is made from."""
    return {"account_id": LOCAL_ACCOUNT, "region": REGION, "server_name": name, "tags": STACK, **changed}


def status(cloud: Cloud, name: str) -> str | None:
    try:
        found = cloud.client("sagemaker").describe_mlflow_tracking_server(TrackingServerName=name)
    except ClientError:
        return None
    return str(found["TrackingServerStatus"])


def born(cloud: Cloud, name: str, ends: str, tags: dict[str, str]) -> None:
    """Create a server as the provider does, and wait for what becomes of it."""
    cloud.client("sagemaker").create_mlflow_tracking_server(
        TrackingServerName=name,
        ArtifactStoreUri="s3://lake/mlflow",
        RoleArn=f"arn:aws:iam::{LOCAL_ACCOUNT}:role/server",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    eventually(lambda: status(cloud, name) == ends, 60)


def test_what_a_failed_birth_left_is_removed_before_the_next(cloud: Cloud) -> None:
    birth = TrackingBirthProvider()
    made = birth.create(props("runs")).outs
    assert made is not None
    assert birth.diff("runs", made, made).changes is False
    born(cloud, "runs", "CreateFailed", {**STACK, "more": "tags"})

    assert birth.diff("runs", made, made).changes is True
    birth.update("runs", made, made)
    assert status(cloud, "runs") is None
    assert birth.diff("runs", made, made).changes is False

    cloud.client("iam").put_role_policy(RoleName="server", PolicyName="work", PolicyDocument=_document(WORK))
    try:
        born(cloud, "runs", "Created", STACK)
    finally:
        cloud.client("iam").delete_role_policy(RoleName="server", PolicyName="work")
    assert birth.diff("runs", made, made).changes is False
    for act in (birth.create, lambda known: birth.update("runs", known, known), lambda known: birth.delete("", known)):
        act(made)
    assert status(cloud, "runs") == "Created", "a server that lives is never touched"


def test_a_failed_server_of_somebody_else_stays(cloud: Cloud) -> None:
    born(cloud, "others", "CreateFailed", {**STACK, "headrace:workload": "other"})
    with pytest.raises(NameTakenError, match="The name others must be free, and a failed MLflow tracking server"):
        TrackingBirthProvider().create(props("others"))
    assert status(cloud, "others") == "CreateFailed"


def test_destroying_clears_a_birth_that_failed(cloud: Cloud) -> None:
    born(cloud, "destroyed", "CreateFailed", STACK)
    TrackingBirthProvider().delete("destroyed", props("destroyed"))
    assert status(cloud, "destroyed") is None
