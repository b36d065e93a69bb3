"""What `make status` prints, and what it says where there is nothing to read."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from status import __main__ as program
from status import report
from status.environment import Environment
from status.report import Report
from status.serving import Serving
from tests.status.told import OWN, TOLD

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def nothing_yet(environment: Environment) -> Report:
    """Return the report of a workload that never ran."""
    return Report(environment, None, None, [], Serving("InService", "", "bootstrap", NOON))


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with two workloads, of which neither has run."""
    monkeypatch.setattr(program, "outputs", lambda _: {**TOLD, "workloads": {"flights": OWN, "trains": OWN}})
    monkeypatch.setattr(report, "report", nothing_yet)


@pytest.mark.usefixtures("two")
def test_every_workload_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["local"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "flights    endpoint/flights"
    assert lines[1] == "  run      none yet"
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["flights", "trains"]


@pytest.mark.usefixtures("two")
def test_one_may_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["local", "--workload", "trains"]) == 0
    assert capsys.readouterr().out.startswith("trains ")


@pytest.mark.usefixtures("two")
def test_one_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["local", "--workload", "ships"]) == 1
    assert "must be one of the stack local's (flights, trains), got ships" in capsys.readouterr().err


def test_an_environment_that_is_not_there_is_said_in_pulumis_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed: Any = subprocess.CompletedProcess([], 255, "", "error: no stack named 'dev' found\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    assert program.main(["dev"]) == 1
    assert capsys.readouterr().err == "The environment dev cannot be read: error: no stack named 'dev' found\n"


def test_what_aws_refuses_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: Environment) -> Report:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no right"}}, "DescribeEndpoint")

    monkeypatch.setattr(program, "outputs", lambda _: TOLD)
    monkeypatch.setattr(report, "report", refused)
    assert program.main(["local"]) == 1
    assert "no right" in capsys.readouterr().err
