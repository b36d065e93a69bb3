"""The story, in order. Each step looks at what is there first, so that a second telling goes on from it."""

from __future__ import annotations

from pathlib import Path

from agreements.metadata import MODEL_DIGEST
from demo import deploy, flights, pipeline, release
from demo.console import Clock, StoryError, line, note, step
from demo.environment import Environment
from workloads.spec import Workload, named

TRAINING_MONTHS = ("2013-01", "2013-02", "2013-03")
DATA = {"DataStart": "2013-01-01", "DataEnd": "2013-04-01"}
# The 1st of April in New York, in UTC: the first day after the data that the feature groups know.
ASKED = ("2013-04-01T09:00:00+00:00", "2013-04-02T01:00:00+00:00")
FLIGHTS = 10


def tell(stack: str, logs: Path) -> None:
    """Deploy the environment and take the flights from raw data to a released model's answers.

    Raises
    ------
    StoryError
        At the first step that fails, with the reason and what to do.
    """
    whole = Clock()
    workload = named("flights")
    environment = _up(stack, logs, workload.name)
    flights.load(environment, TRAINING_MONTHS)
    _before(environment, flights.questions(environment, workload, *ASKED, count=1)[0])
    package = pipeline.run(environment, DATA)
    pipeline.gates(environment, package)
    line("registered", package.arn.split(":", 5)[-1], f"model {package.metadata[MODEL_DIGEST][:19]}…")
    package = release.approval(environment, package)
    entry = release.release(environment, package)
    _predictions(environment, workload, entry)
    release.show(environment, entry)
    clock = Clock()
    with step("pulumi preview --refresh"):
        deploy.nothing_to_change(stack, logs / "preview.log")
    line("preview", f"stack/{stack}", "nothing to change", clock.seconds)
    line("done", "", f"`make down ENV={stack}` takes it down", whole.seconds)


def _up(stack: str, logs: Path, workload: str) -> Environment:
    clock = Clock()
    ready = 0
    with step("pulumi up") as progress:

        def done(resource: str) -> None:
            nonlocal ready
            ready += 1
            progress.say(f"pulumi up: {ready} resources ready, last {resource}")

        counts = deploy.up(stack, logs / "up.log", done)
    text = ", ".join(f"{count} {what}" for what, count in counts.items())
    line("up", f"stack/{stack}", f"{text}, policies passed", clock.seconds)
    return Environment.told(stack, deploy.outputs(stack), workload)


def _before(environment: Environment, question: flights.Question) -> None:
    clock = Clock()
    try:
        answer = flights.ask(environment, [question.instance])
    except flights.AnotherContractError as error:
        line("before", f"endpoint/{environment.own.endpoint_name}", f"serves a model with other inputs: {error}")
        return
    probability = answer["predictions"][0]["probability"]
    text = f"{question.flight_id}: late with probability {probability:.3f}, says model {answer['model_digest'][:19]}"
    line("before", f"endpoint/{environment.own.endpoint_name}", text, clock.seconds)


def _predictions(environment: Environment, workload: Workload, entry: dict[str, str]) -> None:
    asked = flights.questions(environment, workload, *ASKED, count=FLIGHTS)
    answer = flights.ask(environment, [question.instance for question in asked])
    if answer["model_digest"] != entry["model_digest"]:
        raise StoryError(
            f"the endpoint answers with model {answer['model_digest']}, the ledger names {entry['model_digest']}. "
            "Something changed the endpoint behind the platform's back: start the release machine to put it right."
        )
    text = f"{len(asked)} flights of 1 April 2013, says model {answer['model_digest'][:19]}"
    line("after", f"endpoint/{environment.own.endpoint_name}", text)
    for question, prediction in zip(asked, answer["predictions"], strict=True):
        said, true = ("late" if prediction[workload.label.name] else "on time"), "late" if question.late else "on time"
        note(f"{question.flight_id:<24} {prediction['probability']:.3f} predicted {said + ',':<8} was {true}")
