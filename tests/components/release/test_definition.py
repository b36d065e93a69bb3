"""The two definitions as graphs: whatever happens, the lease is given back and somebody is told why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import approver
from components.asl import SubstitutionError, render
from components.release import release

RELEASE = json.loads(release.DEFINITION.read_text())
APPROVER = json.loads(approver.DEFINITION.read_text())
BEFORE_THE_LEASE = {"Bad request", "Busy", "Left to the holder", "No lease"}
States = dict[str, dict[str, Any]]


def next_of(state: dict[str, Any]) -> Iterator[str]:
    """Every state that may follow."""
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]
    for choice in (*state.get("Choices", []), *state.get("Catch", [])):
        yield choice["Next"]


def reachable(states: States, start: str, without: str = "") -> set[str]:
    """The states that an execution can come to from `start` without passing `without`."""
    found: set[str] = set()
    open_ends = [start]
    while open_ends:
        name = open_ends.pop()
        if name not in found and name != without:
            found.add(name)
            open_ends += next_of(states[name])
    return found


def ends(states: States, names: set[str]) -> set[str]:
    """Those of `names` with which an execution ends."""
    return {name for name in names if not list(next_of(states[name]))}


@pytest.mark.parametrize("definition", [RELEASE, APPROVER], ids=["release", "approver"])
def test_every_state_can_be_reached(definition: dict[str, Any]) -> None:
    assert reachable(definition["States"], definition["StartAt"]) == set(definition["States"])


def test_whoever_has_the_lease_ends_only_after_giving_it_back() -> None:
    states = RELEASE["States"]
    assert not ends(states, reachable(states, "Read the policy", without="Give the lease back"))


def test_whoever_has_no_lease_writes_nothing() -> None:
    states = RELEASE["States"]
    without = reachable(states, RELEASE["StartAt"], without="Read the policy")
    assert ends(states, without) == BEFORE_THE_LEASE
    calls = {state["Resource"].rpartition(":")[2] for state in map(states.get, without) if state["Type"] == "Task"}
    assert calls == {"putItem", "getItem", "describeExecution"}


@pytest.mark.parametrize("definition", [RELEASE, APPROVER["States"]["Decide on each"]["ItemProcessor"]])
def test_every_task_catches_everything(definition: dict[str, Any]) -> None:
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@pytest.mark.parametrize("name", ["Make the model", "Make the configuration"])
def test_making_is_tried_again_when_sagemaker_is_busy(name: str) -> None:
    (retry,) = RELEASE["States"][name]["Retry"]
    assert {"SageMaker.ThrottlingException", "SageMaker.SageMakerException"} <= set(retry["ErrorEquals"])
    assert retry["MaxAttempts"] >= 3


def test_every_answer_of_aws_is_selected_from_or_dropped() -> None:
    for name, state in RELEASE["States"].items():
        if state["Type"] == "Task":
            assert "ResultSelector" in state or state["ResultPath"] is None, name


def test_nothing_is_released_before_package_artifact_and_approval_were_checked() -> None:
    states = RELEASE["States"]
    for check in (
        "Is it approved?",
        "Is it the registered artifact?",
        "Is it what was asked for?",
    ):
        assert "Update the endpoint" not in reachable(states, "Read the policy", without=check)
        assert "Released" not in reachable(states, "Read the policy", without=check)


def test_inservice_alone_is_never_called_released() -> None:
    states = RELEASE["States"]
    assert "Released" not in reachable(states, "Update the endpoint", without="Verify")


def write(folder: Path, state: dict[str, Any]) -> Path:
    """Write a definition of one state."""
    path = folder / "one.asl.json"
    path.write_text(json.dumps({"StartAt": "One", "States": {"One": state}}))
    return path


def test_a_value_takes_the_place_of_its_name_whatever_its_type(tmp_path: Path) -> None:
    path = write(tmp_path, {"Table": "${Table}", "Tags": "${Tags}", "Seconds": "${Seconds}", "Cause": "in ${Table}!"})
    filled = json.loads(render(path, {"Table": 'a"b', "Tags": [{"Key": "k"}], "Seconds": 5}))
    assert filled["States"]["One"] == {"Table": 'a"b', "Tags": [{"Key": "k"}], "Seconds": 5, "Cause": 'in a"b!'}


def test_missing_and_unused_values_are_named_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, {"Table": "${Table}", "Other": "${Other}"})
    with pytest.raises(SubstitutionError) as refused:
        render(path, {"Table": "t", "Tabel": "t"})
    assert "one.asl.json" in str(refused.value)
    assert "`Other` must have a value" in str(refused.value)
    assert "`Tabel` must be used" in str(refused.value)
