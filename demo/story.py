"""The story, in order. Each step looks at what is there first, so that a second telling goes on from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agreements.metadata import MODEL_DIGEST
from demo import answers, data, deploy, pipeline, release
from demo.chosen import chosen
from demo.console import Clock, StoryError, line, note, step
from demo.questions import Question, questions
from status.environment import Environment
from status.packages import Package
from workloads.loading import Loader
from workloads.spec import Workload

ASKED = 10
"""How many questions the released model is asked."""


@dataclass(frozen=True)
class Chapter:
    """One workload's part of the story.

    Attributes
    ----------
    environment : Environment
        With the workload.
    workload : Workload
    loader : Loader
        Its data.
    """

    environment: Environment
    workload: Workload
    loader: Loader

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of its pipeline."""
        start, end = self.loader.TRAINING
        return {"DataStart": start, "DataEnd": end}

    def questions(self, count: int) -> list[Question]:
        """Make questions that the training data do not answer."""
        return questions(self.environment, self.workload, self.loader.questions(), count)

    def before(self) -> None:
        """Ask whatever serves now."""
        endpoint, clock = f"endpoint/{self.environment.own.endpoint_name}", Clock()
        question = self.questions(1)[0]
        try:
            answer = answers.ask(self.environment, [question.instance])
        except answers.AnotherContractError as error:
            line("before", endpoint, f"serves a model with other inputs: {error}")
            return
        told = answers.said(self.workload, answer["predictions"][0])
        line("before", endpoint, f"{question.record}: {told}, says model {answer['model_digest'][:19]}", clock.seconds)

    def trained(self, execution: str | None) -> Package:
        """Follow the run to the package that it registered, and show what the gates saw."""
        package = pipeline.finished(self.environment, execution)
        pipeline.gates(self.environment, package)
        line("registered", package.arn.split(":", 5)[-1], f"model {package.metadata[MODEL_DIGEST][:19]}…")
        return package

    def after(self, entry: dict[str, str]) -> None:
        """Ask the released model, and show what was true."""
        asked = self.questions(ASKED)
        answer = answers.ask(self.environment, [question.instance for question in asked])
        if answer["model_digest"] != entry["model_digest"]:
            raise StoryError(
                f"the endpoint answers with model {answer['model_digest']}, the ledger names {entry['model_digest']}. "
                "Something changed the endpoint behind the platform's back: start the release machine to put it right."
            )
        what = self.loader.questions().what
        text = f"{len(asked)} {what}, says model {answer['model_digest'][:19]}"
        line("after", f"endpoint/{self.environment.own.endpoint_name}", text)
        for question, prediction in zip(asked, answer["predictions"], strict=True):
            note(answers.compared(self.workload, prediction, question))
        note(answers.summary(self.workload, answer["predictions"], asked))


def tell(stack: str, names: Sequence[str], logs: Path) -> None:
    """Deploy the environment and take workloads from raw data to released models' answers.

    Parameters
    ----------
    stack : str
        The environment.
    names : sequence of str
        Workloads of it; ``all`` for every one.
    logs : Path
        Where pulumi's output is kept.

    Raises
    ------
    StoryError
        At the first step that fails, with the reason and what to do.
    """
    whole = Clock()
    workloads = chosen(stack, names)  # a name that is wrong is refused before anything is deployed
    loaders = {workload.name: data.loader(workload) for workload in workloads}
    outputs = _up(stack, logs)
    chapters = [
        Chapter(Environment.told(stack, outputs, workload.name), workload, loaders[workload.name])
        for workload in workloads
    ]
    data.load(chapters[0].environment, [chapter.loader for chapter in chapters])
    for chapter in chapters:
        chapter.before()
    # all run while the first is followed
    started = [pipeline.started(chapter.environment, chapter.workload, chapter.parameters) for chapter in chapters]
    for chapter, execution in zip(chapters, started, strict=True):
        package = release.approval(chapter.environment, chapter.trained(execution))
        entry = release.release(chapter.environment, package)
        chapter.after(entry)
        release.show(chapter.environment, entry)
    clock = Clock()
    with step("pulumi preview --refresh"):
        deploy.nothing_to_change(stack, logs / "preview.log")
    line("preview", f"stack/{stack}", "nothing to change", clock.seconds)
    line("done", "", f"`make status ENV={stack}` says how it stands, `make down ENV={stack}` ends it", whole.seconds)


def _up(stack: str, logs: Path) -> dict[str, Any]:
    clock = Clock()
    ready = 0
    with step("pulumi up") as progress:

        def done(resource: str) -> None:
            nonlocal ready
            ready += 1
            progress.say(f"pulumi up: {ready} resources ready, last {resource}")

        counts, outputs = deploy.up(stack, logs / "up.log", done)
    text = ", ".join(f"{count} {what}" for what, count in counts.items())
    line("up", f"stack/{stack}", f"{text}, policies passed", clock.seconds)
    return outputs
