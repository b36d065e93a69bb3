"""The endpoint's answers: asked for, and said in words by the kind of the label."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from demo.console import StoryError
from demo.questions import Question
from status.environment import Environment
from workloads.kinds import LabelType
from workloads.spec import Workload

_OTHERS = 0.001  # a category below this probability is not worth a word
Prediction = Mapping[str, Any]


class AnotherContractError(Exception):
    """The model that serves was trained with other inputs than the workload has now."""


def ask(environment: Environment, instances: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Ask the endpoint; return its answer: predictions, and the digest of the model that made them.

    Raises
    ------
    AnotherContractError
        If the model that serves does not take such instances.
    StoryError
        With what else the container said. SageMaker wraps its status, of the caller's errors and of its own, in a 424.
    """
    runtime, name = environment.client("sagemaker-runtime"), environment.own.endpoint_name
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=name,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({"instances": list(instances)}).encode(),
        )
    except runtime.exceptions.ModelError as error:
        status, said = error.response["OriginalStatusCode"], error.response["OriginalMessage"]
        if status == HTTPStatus.BAD_REQUEST and (problem := _first_problem(said)):
            raise AnotherContractError(problem) from error
        raise StoryError(
            f"endpoint/{name} answered with status {status}: {said}\nIts log: {error.response['LogStreamArn']}"
        ) from error
    found: dict[str, Any] = json.loads(answer["Body"].read())
    return found


def _first_problem(said: str) -> str | None:
    """Return the first thing that the endpoint does not take, or None where it was not the endpoint that spoke."""
    with contextlib.suppress(ValueError, LookupError, TypeError):
        first = json.loads(said)["errors"][0]
        return f"{first['field']} must {first['rule'].removeprefix('must ')}"
    return None


def said(workload: Workload, prediction: Prediction) -> str:
    """Say an answer in words.

    Parameters
    ----------
    workload : Workload
        Whose label says what kind of answer it is.
    prediction : mapping
        One of the endpoint's JSON predictions.
    """
    name, answer = workload.label.name, prediction[workload.label.name]
    if workload.label.type is LabelType.BOOLEAN:
        return f"{name} {prediction['probability']:.3f}, so {_value(answer)}"
    if workload.label.type is LabelType.CATEGORY:
        shares = dict(prediction["probabilities"])
        likeliest = shares.pop(answer)
        rest = sorted(shares.items(), key=lambda found: -found[1])
        others = ", ".join(f"{category} {share:.3f}" for category, share in rest if share >= _OTHERS)
        return f"{name} {answer} {likeliest:.3f}" + (f" ({others})" if others else "")
    quantiles = list(prediction.get("quantiles", {}).values())
    between = f" ({_value(quantiles[0])} to {_value(quantiles[-1])})" if quantiles else ""
    return f"{name} {_value(answer)}{between}"


def compared(workload: Workload, prediction: Prediction, question: Question) -> str:
    """Say an answer, and what was true."""
    return f"{question.record:<26} {said(workload, prediction)}; was {_value(question.truth)}"


def summary(workload: Workload, predictions: Sequence[Prediction], asked: Sequence[Question]) -> str:
    """Say how good answers were on the whole.

    Parameters
    ----------
    workload : Workload
        Whose label says what is counted: right answers, or how far values were off.
    predictions, asked : sequences of the same length
        The answers and their questions.
    """
    name, count = workload.label.name, len(asked)
    both = list(zip(predictions, asked, strict=True))
    if workload.label.type is not LabelType.NUMBER:
        right = sum(prediction[name] == question.truth for prediction, question in both)
        return f"{right} of {count} are right"
    off = sum(abs(prediction[name] - question.truth) for prediction, question in both) / count
    told = f"off by {off:.1f} on average"
    if not workload.label.quantiles:
        return told
    inside = 0
    for prediction, question in both:
        quantiles = list(prediction["quantiles"].values())
        inside += quantiles[0] <= question.truth <= quantiles[-1]
    return f"{told}, {inside} of {count} within the quantiles"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float | int) else str(value)
