"""What a caller of the endpoint is told."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from demo import flights
from demo.console import StoryError
from demo.environment import Environment
from tests.demo.told import environment

_STREAM = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/flights:log-stream:live/i-1"


@pytest.mark.parametrize("status", [400, 503])
def test_an_error_shows_what_the_container_said_and_not_the_424_around_it(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    runtime = boto3.client(
        "sagemaker-runtime", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    fields: dict[str, Any] = {"OriginalStatusCode": status, "OriginalMessage": "no carrier", "LogStreamArn": _STREAM}
    monkeypatch.setattr(Environment, "client", lambda *_: runtime)
    with Stubber(runtime) as aws, pytest.raises(StoryError) as told:
        aws.add_client_error("invoke_endpoint", "ModelError", "Received an error", 424, modeled_fields=fields)
        flights.ask(environment(), [{}])
    assert str(told.value) == f"endpoint/flights answered with status {status}: no carrier\nIts log: {_STREAM}"
