"""The sessions of dynamic resources: AWS throttles an account in which much is made at once."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto import mock_aws

from components import account
from components.account import session_for

ACCOUNT = "123456789012"  # moto's


@pytest.mark.parametrize(("refusals", "passes"), [(8, True), (11, True), (12, False)])
def test_a_call_is_repeated_while_it_is_throttled(monkeypatch: pytest.MonkeyPatch, refusals: int, passes: bool) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with mock_aws():
        client = session_for(ACCOUNT, "us-east-1").client("codebuild")
        asked: list[Any] = []

        def throttle(request: Any, **_: Any) -> AWSResponse | None:
            asked.append(request)
            if len(asked) > refusals:
                return None
            return Refused(request.url)

        client.meta.events.register_first("before-send.codebuild", throttle)
        if passes:
            assert client.list_projects()["projects"] == []
        else:
            with pytest.raises(ClientError, match="ThrottlingException"):
                client.list_projects()


def test_every_client_of_a_component_is_patient() -> None:
    folder = Path(account.__file__).parent
    makers = {
        path.name for path in folder.glob("*.py") if re.search(r"boto3\.(Session|client|resource)\(", path.read_text())
    }
    assert makers == {"account.py"}


class Refused(AWSResponse):  # type: ignore[misc]
    """The answer of a service that is asked too often."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 400, {}, None)

    @property
    def content(self) -> bytes:
        """The body."""
        return json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()
