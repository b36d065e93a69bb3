"""One local cloud for the folder's tests, and sessions of roles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.cloud.endpoints.local import REGION, Cloud, own_settings

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = Cloud(own_settings(tmp_path_factory.mktemp("control"), monkeypatch))
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"thing-{next(_NUMBERS)}"


@pytest.fixture
def acting(cloud: Cloud) -> Callable[..., Any]:
    """``acting(service, *statements)`` returns a client with the credentials of a new role that has these rights."""

    def client(service: str, *statements: dict[str, Any]) -> Any:
        role = cloud.role(f"role-{next(_NUMBERS)}", "sagemaker.amazonaws.com", *statements)
        keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
        return boto3.client(
            service,
            endpoint_url=cloud.settings.endpoint_url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return client
