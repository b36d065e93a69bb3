"""What is written of a decision, how often, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.cloud.control.iam import decisions

KEPT = {"aws:sourceaccount": ["1"], "s3:prefix": ["a/"]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of state that is not there yet."""
    made = tmp_path / "deep" / "cloud"
    monkeypatch.setenv("HEADRACE_STATE", str(made))
    return made


def record(action: str = "s3:GetObject", allowed: bool = True) -> None:
    left_out = {"aws:principalarn": ["r"], "aws:currenttime": ["now"], "s3:x-amz-checksum-sha256": ["1"]}
    decisions.record("role", action, ("first", "second"), {**left_out, **KEPT}, allowed)


def test_a_decision_is_written_with_what_a_simulation_takes(folder: Path) -> None:
    record()
    decisions.record("role", "s3:ListAllMyBuckets", (), {}, allowed=False)
    asked = {"principal": "role", "action": "s3:GetObject", "resource": "first"}
    listed = {"principal": "role", "action": "s3:ListAllMyBuckets", "resource": "*"}
    assert decisions.read(folder) == [
        {**asked, "decision": "allowed", "context": KEPT},
        {**listed, "decision": "denied", "context": {}},
    ]


def test_the_same_is_written_once_also_by_the_next_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record()
    record()
    assert len(decisions.read(folder)) == 1
    monkeypatch.setattr(decisions, "_KNOWN", {})  # as after a restart
    record()
    assert len(decisions.read(folder)) == 1
    record(allowed=False)
    assert [one["decision"] for one in decisions.read(folder)] == ["allowed", "denied"]


def test_no_more_are_written_than_the_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decisions._MOST == 20_000
    monkeypatch.setattr(decisions, "_MOST", 2)
    for number in range(4):
        record(f"s3:Get{number}")
    assert [one["action"] for one in decisions.read(folder)] == ["s3:Get0", "s3:Get1"]


def test_a_folder_without_decisions_has_none(tmp_path: Path) -> None:
    assert decisions.read(tmp_path) == []


def test_a_line_that_was_cut_is_taken_off_and_whole_ones_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / decisions.FILE
    file.write_text('{"a": 1}\n{"a": 2}\n')
    before = file.stat().st_mtime_ns
    assert decisions.read(tmp_path) == [{"a": 1}, {"a": 2}]
    assert file.stat().st_mtime_ns == before
    file.write_text('{"a": 1}\n{"a')
    assert decisions.read(tmp_path) == [{"a": 1}]
    assert file.read_text() == '{"a": 1}\n'
    file.write_text('{"a')
    assert decisions.read(tmp_path) == []
