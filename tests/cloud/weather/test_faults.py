"""Calls are refused, fail and lose their answers in the shapes that AWS's clients know."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.cloud.weather.conftest import Clients

CALLS: dict[str, Callable[[Any], Any]] = {
    "iam": lambda client: client.list_roles(MaxItems=1),  # query
    "s3": lambda client: client.list_buckets(),  # rest-xml
    "scheduler": lambda client: client.list_schedules(),  # rest-json
    "sagemaker": lambda client: client.list_models(),  # json
    "dynamodb": lambda client: client.list_tables(),  # json, with a code of its own
}
THROTTLED = {
    "iam": ("Throttling", 400),
    "s3": ("SlowDown", 503),
    "scheduler": ("ThrottlingException", 429),
    "sagemaker": ("ThrottlingException", 400),
    "dynamodb": ("ThrottlingException", 400),
}


@pytest.mark.parametrize("service", CALLS)
def test_a_service_throttles_in_its_own_words_and_clients_get_through(patient: Clients, service: str) -> None:
    hasty, seen = patient(service, attempts=1), collections.Counter[tuple[str, int]]()
    for _ in range(400):
        if seen[THROTTLED[service]]:
            break
        try:
            CALLS[service](hasty)
        except ClientError as error:
            seen[error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]] += 1
    assert seen[THROTTLED[service]]
    assert all(status >= 500 for code, status in seen if (code, status) != THROTTLED[service])
    for _ in range(30):
        CALLS[service](patient(service))


def put(client: Any, name: str) -> None:
    """Change something that counts its changes."""
    client.put_parameter(Name=name, Value="x", Type="String", Overwrite=True)


def versions(patient: Clients, name: str) -> int:
    """How often it was changed."""
    history = patient("ssm").get_paginator("get_parameter_history").paginate(Name=name)
    return max(int(entry["Version"]) for page in history for entry in page["Parameters"])


def test_an_answer_may_be_lost_although_the_thing_was_done(patient: Clients) -> None:
    done, outcomes = 0, set()
    hasty = patient("ssm", attempts=1)
    for _ in range(200):
        try:
            put(hasty, "counted")
            done += 1
        except ConnectionClosedError:
            outcomes.add("lost")
        except ClientError as error:
            outcomes.add(error.response["Error"]["Code"])
    assert {"lost", "InternalFailure", "ThrottlingException"} <= outcomes
    assert versions(patient, "counted") > done


def test_a_repeated_call_does_it_again_but_for_the_provider(patient: Clients) -> None:
    for name, agent in (("ours", "patient"), ("provider's", "aws-sdk-go-v2")):
        for _ in range(60):
            put(patient("ssm", agent), name.removesuffix("'s"))
    assert versions(patient, "ours") > 60
    assert versions(patient, "provider") == 60


def test_no_more_than_three_calls_in_a_row_are_throttled(patient: Clients) -> None:
    hasty = patient("ecr", attempts=1)
    rows, row = set(), 0
    for _ in range(400):
        try:
            hasty.describe_registry()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ThrottlingException":
                row += 1
                continue
        rows.add(row)
        row = 0
    assert {0, 1} < rows <= {0, 1, 2, 3}
