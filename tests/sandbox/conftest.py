"""One deployed environment for all tests here, taken step by step to a released model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from demo import answers, data, pipeline, release
from demo.story import Chapter
from sandbox.environment import local
from status.environment import Environment
from status.packages import Package
from status.report import Report, report
from tests.sandbox import place as places
from tests.sandbox.place import Place
from workloads.spec import Workload, named

FIRST = ("test_two_stacks.py",)
"""What deploys the shared environment and another one side by side, because an `up` of all of it mostly waits."""
LAST = ("test_older_package.py", "test_taught_again.py", "test_kinds_of_workloads.py", "test_teardown.py")
"""What leaves an edited workload, another model and other feature groups, what adds the other workloads, and what takes
all of it down."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of `FIRST` first and those of `LAST` last, in their order."""
    places = {name: place for place, name in enumerate(LAST, 1)} | dict.fromkeys(FIRST, -1)
    items.sort(key=lambda item: places.get(item.path.name, 0))


@dataclass(frozen=True)
class Released:
    """A model that went the whole way: its package, and what the ledger says of its release."""

    package: Package
    entry: dict[str, str]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A local cloud that runs, with nothing in it; this process's AWS clients reach it too."""
    made = places.make(tmp_path_factory.mktemp("sandbox"))
    made = replace(made, root=places.copy_of_the_repository(tmp_path_factory.mktemp("repository")))
    made.cloud("start")
    before = dict(os.environ)
    os.environ.update({name: made.variables[name] for name in made.variables if name.startswith("HEADRACE_")})
    seen = local(os.environ)
    os.environ.update({name: value for name, value in seen.items() if name.startswith(("AWS_", "PULUMI_", "PATH"))})
    yield made
    os.environ.clear()
    os.environ.update(before)
    made.cloud("stop")


@pytest.fixture(scope="session")
def environment(place: Place) -> Environment:
    """The environment `local`, deployed with the policy pack; no model has been trained."""
    place.pulumi("stack", "select", "--create", "local")
    place.pulumi("up", "--stack", "local", "--yes", "--skip-preview", "--policy-pack", "policies")
    return place.environment()


@pytest.fixture(scope="session")
def workload() -> Workload:
    """The reference workload."""
    return named("flights")


@pytest.fixture(scope="session")
def chapter(environment: Environment, workload: Workload) -> Chapter:
    """The reference workload's part of the story."""
    return Chapter(environment, workload, data.loader(workload))


@pytest.fixture(scope="session")
def at_first(environment: Environment) -> Report:
    """How the reference workload stands before anything ran."""
    return report(environment)


@pytest.fixture(scope="session")
def prior(environment: Environment, chapter: Chapter, at_first: Report) -> dict[str, Any]:
    """What the endpoint answers before the first model exists."""
    data.load(environment, [chapter.loader])
    return answers.ask(environment, [chapter.questions(1)[0].instance])


@pytest.fixture(scope="session")
def released(environment: Environment, chapter: Chapter, prior: dict[str, Any]) -> Released:
    """The first model, trained on January to March, gated, approved and released."""
    package = release.approval(environment, pipeline.run(environment, chapter.workload, chapter.parameters))
    return Released(package, release.release(environment, package))
