"""What a person wrote wrongly is said without a traceback, and all of it at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pydantic import ValidationError

from stacks import inputs
from stacks import settings as reading
from stacks.inputs import InputsError
from tests import fitting
from tests.stacks.environments import REPOSITORY

FLIGHTS = REPOSITORY / "workloads" / "flights"
GOOD = {"region": "eu-west-1", "allowed_account_ids": ["111122223333"]}
Folder = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Make a copy of the flights under another name, with other fields; return its file, from `tmp_path` on."""

    def make(name: str, **fields: Any) -> str:
        shutil.copytree(FLIGHTS, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        file = tmp_path / name / "workload.yaml"
        document = {**yaml.safe_load(file.read_text(encoding="utf-8")), "name": name, **fields}
        try:
            fitting.write(file.parent, document, (FLIGHTS / "features.sql").read_text(encoding="utf-8"))
        except ValidationError:  # it is to be refused for its fields
            file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return f"{name}/workload.yaml"

    return make


def told(root: Path, *files: str, stack: str = "dev", **settings: Any) -> list[str]:
    with pytest.raises(InputsError) as caught:
        inputs.checked(stack, {**GOOD, "workloads": list(files), **settings}, root)
    return str(caught.value).splitlines()


def renamed(entity: str, to: str) -> dict[str, Any]:
    """The flights' fields with another name for an entity."""
    document = yaml.safe_load((FLIGHTS / "workload.yaml").read_text(encoding="utf-8"))
    features = {
        name: {**one, "from": to} if one.get("from") == entity else one for name, one in document["features"].items()
    }
    entities = {to if name == entity else name: one for name, one in document["entities"].items()}
    return {"features": features, "entities": entities}


def test_settings_and_workloads_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**GOOD, "workloads": ["workloads/flights/workload.yaml"], "endpoint_instance_count": 2}
    monkeypatch.setattr(reading, "given", lambda: ("dev", values))
    read = inputs.read()
    assert [chosen.workload.name for chosen in read.workloads] == ["flights"]
    assert read.workloads[0].choices.endpoint_instance_count == 2


def test_what_is_wrong_is_shown_as_problems_and_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "given", lambda: ("dev", {"region": "eu-west-1", "workloads": ["absent.yaml"]}))
    with pytest.raises(pulumi.RunError) as caught:
        inputs.read()
    assert "The settings of environment 'dev' cannot be used" in str(caught.value)
    assert "\nabsent.yaml:0: file must exist" in str(caught.value)


def test_settings_and_every_workload_are_told_at_once(tmp_path: Path, folder: Folder) -> None:
    first, second = folder("first", prior=7), folder("second", colour="red")
    twice = folder("fourth")
    files = (first, second, "third/workload.yaml", twice, twice)
    lines = told(tmp_path, *files, region="somewhere", workload="old")
    assert len(lines) == 7, lines
    for part in (
        "headrace:region",
        "headrace:workload`",
        "prior",
        "colour",
        "third/workload.yaml:0: file must exist",
        'headrace:workloads must name no workload twice, got "fourth"',
    ):
        assert any(part in line for line in lines), part


def test_a_workload_is_named_once(tmp_path: Path, folder: Folder) -> None:
    file = folder("trains")
    (line,) = told(tmp_path, file, file)
    assert 'headrace:workloads must name no workload twice, got "trains". Take one of the two out' in line


def test_a_later_version_of_a_feature_group_is_nobodys_first_one(tmp_path: Path, folder: Folder) -> None:
    """`a` with entity `b` would have `a-b-v2` beside `a-b` one day, and workload `a-b` with entity `v2` has it now."""
    one, other = folder("rail"), folder("rail-route", **renamed("origin", "v2"))
    for order in ((one, other), (other, one)):
        (line,) = told(tmp_path, *order)
        assert line.startswith("rail-route/workload.yaml: entities.v2 must give no feature group the name of a later")
        assert 'headrace-dev-rail-route, which is rail\'s, got "headrace-dev-rail-route-v2"' in line
        assert "in rail/workload.yaml" in line


@pytest.mark.parametrize("entity", ["v", "v2a", "version2", "av2"])
def test_names_that_no_version_has_are_left_alone(tmp_path: Path, folder: Folder, entity: str) -> None:
    files = [folder("rail"), folder("rail-route", **renamed("origin", entity))]
    assert len(inputs.checked("dev", {**GOOD, "workloads": files}, tmp_path).workloads) == 2


def test_names_that_grow_too_long_are_told_with_how_much(tmp_path: Path, folder: Folder) -> None:
    files = [folder("a" * 22), folder("b" * 20, **renamed("origin", "station_of_departure"))]
    lines = told(tmp_path, *files, stack="s" * 16)
    assert len(lines) == 2
    assert "name must give an endpoint name of at most 46 characters" in lines[0]
    assert "Shorten it, or the stack's name, by 2." in lines[0]
    assert "entities.station_of_departure must give a feature group name of at most 60 characters" in lines[1]
    assert "by 7." in lines[1]


def test_names_of_just_the_length_that_aws_allows_are_taken(tmp_path: Path, folder: Folder) -> None:
    longest, entity = "a" * 22, "e" * (60 - len("headrace-dev--") - 22)
    file = folder(longest, **renamed("origin", entity))
    assert len(inputs.checked("dev", {**GOOD, "workloads": [file]}, tmp_path).workloads) == 1
    file = folder("b" * 22)
    assert len(inputs.checked("s" * 14, {**GOOD, "workloads": [file]}, tmp_path).workloads) == 1


@pytest.mark.parametrize("name", ["athena", "capture"])
def test_a_folder_of_the_lakes_own_is_no_workloads(tmp_path: Path, folder: Folder, name: str) -> None:
    (line,) = told(tmp_path, folder(name))
    assert f'name must not be one of athena, capture, got "{name}"' in line


def test_workloads_agree_on_the_types_of_a_sources_columns(tmp_path: Path, folder: Folder) -> None:
    document = yaml.safe_load((FLIGHTS / "workload.yaml").read_text(encoding="utf-8"))
    weather = document["sources"]["weather"]
    columns = {**weather["columns"], "humidity": "string", "pressure": "integer", "snow": "number"}
    sources = {**document["sources"], "weather": {**weather, "columns": columns}}
    lines = told(tmp_path, folder("first"), folder("second", sources=sources))
    assert [line.partition(" must ")[0] for line in lines] == [
        "second/workload.yaml: sources.weather.columns.humidity",
        "second/workload.yaml: sources.weather.columns.pressure",
    ]
    assert 'have the type that first/workload.yaml gives it, number, got "string". The lake has one table' in lines[0]


def test_more_sources_than_a_policy_can_name_are_refused(tmp_path: Path, folder: Folder) -> None:
    document = yaml.safe_load((FLIGHTS / "workload.yaml").read_text(encoding="utf-8"))
    many = {f"source_number_{number}": document["sources"]["planes"] for number in range(70)}
    (line,) = told(tmp_path, folder("greedy", sources={**document["sources"], **many}))
    assert "greedy/workload.yaml: sources must fit with the entities into the policy of the role that reads" in line
