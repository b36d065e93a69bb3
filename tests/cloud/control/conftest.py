"""Names of a test's own, and sessions of roles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from tests.cloud.local import REGION, Cloud

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


@pytest.fixture
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moto in this process, and settings that name its account: what is judged is judged without a server."""
    for name in ("HEADRACE_WEATHER", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEADRACE_ACCOUNT", DEFAULT_ACCOUNT_ID)
    monkeypatch.setenv("HEADRACE_STATE", str(tmp_path / "cloud"))
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield
