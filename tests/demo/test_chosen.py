"""Which workloads a story is about, and what is said to whoever names another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from demo import data
from demo.chosen import chosen
from demo.console import StoryError
from workloads import spec

ROOT = Path(spec.__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two workloads, one of them with its folder elsewhere and without a loader."""
    for name, target in (("flights", "workloads/flights"), ("penguins", "elsewhere/penguins")):
        shutil.copytree(ROOT / "workloads" / name, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "elsewhere" / "penguins" / "ingest.py").unlink()
    (tmp_path / "Pulumi.two.yaml").write_text(
        "config:\n  headrace:workloads:\n"
        "    - workloads/flights/workload.yaml\n    - file: elsewhere/penguins/workload.yaml\n"
        "  aws:region: us-east-1\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["flights"], ["flights"]),
        (["penguins", "flights"], ["penguins", "flights"]),
        (["flights", "flights"], ["flights"]),
        (["all"], ["flights", "penguins"]),
    ],
)
def test_workloads_come_as_they_were_asked_for(project: Path, asked: list[str], found: list[str]) -> None:
    assert [workload.name for workload in chosen("two", asked, project)] == found


def test_a_name_that_the_settings_do_not_have_is_refused_with_those_that_they_have(project: Path) -> None:
    with pytest.raises(StoryError) as told:
        chosen("two", ["flights", "trains"], project)
    assert str(told.value) == (
        "WORKLOAD must be all or of flights, penguins, which Pulumi.two.yaml names, got trains. "
        "Add the workload's file to headrace:workloads there."
    )


def test_a_broken_workload_is_refused_before_anything_is_deployed(project: Path) -> None:
    file = project / "workloads" / "flights" / "workload.yaml"
    file.write_text(file.read_text("utf-8").replace("prior: 0.23", "prior: 2"), "utf-8")
    with pytest.raises(StoryError, match=r"(?s)nothing is deployed:.*prior must be"):
        chosen("two", ["penguins"], project)


def test_an_environment_without_settings_is_refused(project: Path) -> None:
    with pytest.raises(StoryError, match=r"Pulumi\.three\.yaml is not there"):
        chosen("three", ["all"], project)


def test_a_workload_without_a_loader_is_told_what_to_bring(project: Path) -> None:
    (penguins,) = chosen("two", ["penguins"], project)
    with pytest.raises(StoryError, match=r"penguins must bring data to tell its story: .*ingest\.py is not there"):
        data.loader(penguins)


def test_a_loader_that_lacks_a_name_is_told_which(project: Path) -> None:
    (penguins,) = chosen("two", ["penguins"], project)
    (penguins.folder / "ingest.py").write_text("TRAINING = ('2007-11-01', '2009-11-23')\n")
    with pytest.raises(StoryError, match=r"ingest\.py must have files, questions: workloads/loading\.py"):
        data.loader(penguins)


def test_a_loader_anywhere_is_found(project: Path) -> None:
    (penguins,) = chosen("two", ["penguins"], project)
    shutil.copy(ROOT / "workloads" / "penguins" / "ingest.py", penguins.folder)
    assert {file.source for file in data.loader(penguins).files()} == set(penguins.sources)


def test_a_loader_of_the_repository_is_the_module_that_others_import() -> None:
    from workloads.flights import ingest

    assert data.loader(spec.named("flights")) is ingest
