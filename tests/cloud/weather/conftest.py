"""A local cloud in bad weather, and clients that do or do not try again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.cloud import credentials
from sandbox.cloud.settings import BAD
from tests.cloud.local import REGION, Cloud, started

Clients = Callable[..., Any]


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud in bad weather."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("HEADRACE_WEATHER", BAD)
        monkeypatch.setenv("HEADRACE_WEATHER_SEED", "1")
        with started(Cloud, tmp_path_factory.mktemp("weather")) as made:
            yield made


@pytest.fixture(scope="package")
def patient(cloud: Cloud) -> Clients:
    """``patient(service)`` returns a client that tries again, unless ``attempts`` is 1; ``agent`` names it."""

    def client(service: str, agent: str = "patient", attempts: int = 11) -> Any:
        return boto3.client(
            service,
            endpoint_url=cloud.settings.endpoint_url,
            region_name=REGION,
            aws_access_key_id=credentials.ACCESS_KEY,
            aws_secret_access_key=credentials.secret(cloud.settings.folder),
            config=Config(
                user_agent_extra=agent,
                retries={"total_max_attempts": attempts, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )

    return client


@pytest.fixture(scope="package", autouse=True)
def rule(patient: Clients) -> tuple[str, float]:
    """A queue that is told of each parameter ``told-...``, and when its rule was made: early, for it has to ripen."""
    url = patient("sqs").create_queue(QueueName="told")["QueueUrl"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Resource": "*"}]}
    patient("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    pattern = '{"source": ["aws.ssm"], "detail": {"name": [{"prefix": "told-"}]}}'
    patient("events").put_rule(Name="told", EventPattern=pattern)
    target = {"Id": "one", "Arn": "arn:aws:sqs:us-east-1:000000000000:told"}
    patient("events").put_targets(Rule="told", Targets=[target])
    return url, time.monotonic()
