"""An endpoint's birth can be tried again: what a failed one left goes, and the image follows until it is born."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

from components.account import WrongAccountError
from components.births.calls import NameTakenError
from components.endpoint.birth import EndpointBirthProvider, EndpointEndProvider

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"
TAGS = {"headrace:stack": "test"}
PROPS: dict[str, Any] = {
    "account_id": ACCOUNT,
    "region": REGION,
    "endpoint_name": "flights",
    "image_uri": "images@sha256:new",
    "model_data_url": "s3://artifacts/new",
    "tags": TAGS,
}
BORN = {
    **PROPS,
    "image_uri": "images@sha256:old",
    "born_with": "images@sha256:old",
    "model_data_url": "s3://artifacts/old",
    "born_with_data": "s3://artifacts/old",
}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def endpoint(status: str, tags: dict[str, str]) -> None:
    client = boto3.client("sagemaker", REGION)
    client.create_model(ModelName="m", ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/serving-role")
    variant = {"VariantName": "live", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    carried = [{"Key": key, "Value": value} for key, value in tags.items()]
    client.create_endpoint(EndpointName="flights", EndpointConfigName="c", Tags=carried)
    sagemaker_backends[ACCOUNT][REGION].endpoints["flights"].endpoint_status = status


def exists() -> bool:
    try:
        boto3.client("sagemaker", REGION).describe_endpoint(EndpointName="flights")
    except ClientError:
        return False
    return True


def test_a_first_birth_takes_the_image_and_the_data_that_there_are() -> None:
    made = EndpointBirthProvider().create(PROPS)
    assert made.outs is not None
    assert (made.outs["born_with"], made.outs["born_with_data"]) == ("images@sha256:new", "s3://artifacts/new")


def test_what_a_failed_birth_left_is_removed_before_the_next() -> None:
    endpoint("Failed", TAGS)
    assert EndpointBirthProvider().diff("flights", BORN, BORN).changes is True
    updated = EndpointBirthProvider().update("flights", BORN, PROPS).outs
    assert updated is not None
    assert (updated["born_with"], updated["born_with_data"]) == ("images@sha256:new", "s3://artifacts/new")
    assert not exists()


def test_a_failed_endpoint_of_somebody_else_stays() -> None:
    endpoint("Failed", {"headrace:stack": "other"})
    with pytest.raises(NameTakenError, match="The name flights must be free"):
        EndpointBirthProvider().create(PROPS)
    assert exists()


def test_an_endpoint_that_lives_keeps_what_it_was_born_with() -> None:
    endpoint("InService", TAGS)
    assert EndpointBirthProvider().diff("flights", BORN, PROPS).changes is False
    EndpointEndProvider().delete("flights", BORN)
    assert exists()


@pytest.mark.parametrize("newer", ["image_uri", "model_data_url"])
def test_before_the_birth_the_newest_image_and_data_are_taken(newer: str) -> None:
    assert EndpointBirthProvider().diff("flights", BORN, {**BORN, newer: PROPS[newer]}).changes is True
    assert EndpointBirthProvider().diff("flights", BORN, BORN).changes is False


def test_destroying_clears_a_birth_that_failed() -> None:
    endpoint("Failed", TAGS)
    EndpointEndProvider().delete("flights", BORN)
    assert not exists()


def test_nothing_is_touched_in_another_account() -> None:
    endpoint("Failed", TAGS)
    with pytest.raises(WrongAccountError):
        EndpointBirthProvider().create({**PROPS, "account_id": "111122223333"})
    assert exists()


@pytest.mark.parametrize(("looks", "goes"), [(3, True), (10_000, False)])
def test_a_failed_endpoint_is_waited_for_until_it_is_gone_or_told(looks: int, goes: bool) -> None:
    endpoint("Failed", TAGS)
    pauses: list[float] = []
    backend = sagemaker_backends[ACCOUNT][REGION]
    delete = backend.delete_endpoint

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        assert len(pauses) < 3000, "it waits for ever"
        if len(pauses) == looks:
            delete("flights")

    with pytest.MonkeyPatch.context() as monkeypatch:  # undone before moto forgets the endpoint
        monkeypatch.setattr(backend, "delete_endpoint", lambda *_: None)
        monkeypatch.setattr(time, "sleep", pause)
        monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
        if goes:
            EndpointBirthProvider().create(PROPS)
            assert len(pauses) == looks
        else:
            with pytest.raises(NameTakenError, match="must be gone within half an hour"):
                EndpointBirthProvider().create(PROPS)
            assert 1800 < sum(pauses) < 1860
