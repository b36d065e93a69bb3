"""Names of a test's own, and sessions of roles."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.cloud.endpoints.local import REGION, Cloud

_NUMBERS = itertools.count(1)


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
