"""What a caller of the endpoint is told, and how answers of each kind are said."""

from __future__ import annotations

from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.stub import Stubber

from demo import answers
from demo.console import StoryError
from demo.questions import Question
from tests.status.told import stubbed
from workloads import spec

_STREAM = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/flights:log-stream:live/i-1"


def refused(status: int, said: str) -> Any:
    """Ask an endpoint that answers with an error."""
    runtime = boto3.client(
        "sagemaker-runtime", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    fields: dict[str, Any] = {"OriginalStatusCode": status, "OriginalMessage": said, "LogStreamArn": _STREAM}
    with Stubber(runtime) as aws:
        aws.add_client_error("invoke_endpoint", "ModelError", "Received an error", 424, modeled_fields=fields)
        return answers.ask(stubbed(sagemaker_runtime=runtime), [{}])


@pytest.mark.parametrize("status", [400, 503])
def test_an_error_shows_what_the_container_said_and_not_the_424_around_it(status: int) -> None:
    with pytest.raises(StoryError) as told:
        refused(status, "no carrier")
    assert str(told.value) == f"endpoint/flights answered with status {status}: no carrier\nIts log: {_STREAM}"


def test_a_model_with_another_contract_is_told_from_one_that_fails() -> None:
    with pytest.raises(answers.AnotherContractError, match=r"instances\[0\]\.wind must be a known feature"):
        refused(400, '{"errors": [{"field": "instances[0].wind", "rule": "be a known feature", "value": 1}]}')


def question(truth: Any) -> Question:
    """Return a question with a true answer."""
    return Question("one", pd.Timestamp("2013-04-01", tz="UTC"), {}, truth)


KINDS = [
    ("flights", {"probability": 0.1163, "late": False}, True, "late 0.116, so no; was yes"),
    (
        "penguins",
        {"probabilities": {"Adelie": 0.0101, "Chinstrap": 0.0004, "Gentoo": 0.9895}, "species": "Gentoo"},
        "Gentoo",
        "species Gentoo 0.990 (Adelie 0.010); was Gentoo",
    ),
    (
        "delays",
        {"minutes_late": 12.34, "quantiles": {"0.1": -4.0, "0.9": 41.25}},
        9.0,
        "minutes_late 12.3 (-4.0 to 41.2); was 9.0",
    ),
]


@pytest.mark.parametrize(("name", "prediction", "truth", "said"), KINDS)
def test_an_answer_is_said_beside_the_truth(name: str, prediction: Any, truth: Any, said: str) -> None:
    told = answers.compared(spec.named(name), prediction, question(truth))
    assert told.split(maxsplit=1) == ["one", said]


@pytest.mark.parametrize(
    ("name", "prediction", "truths", "said"),
    [
        ("flights", KINDS[0][1], [True, False], "1 of 2 are right"),
        ("penguins", KINDS[1][1], ["Gentoo", "Adelie"], "1 of 2 are right"),
        ("delays", KINDS[2][1], [10.34, 60.34], "off by 25.0 on average, 1 of 2 within the quantiles"),
    ],
)
def test_answers_are_summed_up_by_their_kind(name: str, prediction: Any, truths: list[Any], said: str) -> None:
    asked = [question(truth) for truth in truths]
    assert answers.summary(spec.named(name), [prediction] * len(asked), asked) == said
