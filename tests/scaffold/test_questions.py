"""What no data can say is asked, or, without a terminal, told with the command that would answer it."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

import trial
from scaffold.__main__ import main
from tests.scaffold import data


@pytest.fixture(scope="module")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data.bikes(tmp_path_factory.mktemp("found") / "bikes", rides=600)


@pytest.fixture
def workloads(tmp_path: Path) -> Path:
    (tmp_path / "workloads").mkdir()
    return tmp_path / "workloads"


def test_without_a_terminal_it_says_what_is_missing_and_writes_nothing(
    bikes: Path, workloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--name", "rides", "--from", str(bikes)], workloads=workloads, terminal=False) == 2
    said = capsys.readouterr().err
    assert "LABEL must name the column that the model is to predict, it is missing." in said
    assert "bike_rides.returned_late (boolean)" in said
    assert "EVENT_TIME must name the moment at which the question is asked" in said
    assert "bike_rides.started_at (2024-01-01 to 2024-04-29, ms since 1970)" in said
    assert "bike_rides.returned_at" in said
    assert list(workloads.iterdir()) == []


def test_the_command_that_it_says_answers_everything(
    bikes: Path, workloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--name", "rides", "--from", str(bikes)], workloads=workloads, terminal=False)
    command = next(line for line in capsys.readouterr().err.splitlines() if "make workload" in line)
    pairs = [word.split("=", 1) for word in shlex.split(command)[2:]]
    names = {"NAME": "--name", "FROM": "--from", "LABEL": "--label", "EVENT_TIME": "--event-time"}
    arguments = [part for variable, value in pairs for part in (names[variable], value)]
    assert main(arguments, workloads=workloads, terminal=False) == 0
    assert (workloads / "rides" / "workload.yaml").is_file()


def test_at_a_terminal_it_asks_until_it_knows(bikes: Path, workloads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["", "bike_rides.returned_late", "1"])
    asked: list[str] = []

    def read(prompt: str) -> str:
        asked.append(prompt)
        return next(lines)

    assert main(["--name", "rides", "--from", str(bikes)], workloads=workloads, terminal=True, read=read) == 0
    assert asked == ["LABEL (number or name): "] * 2 + ["EVENT_TIME (number or name): "]
    said = capsys.readouterr().out
    assert " 1 bike_rides.started_at  2024-01-01 to 2024-04-29" in said
    assert "left alone  station-log; ENTITY=station would take its history in" in said


def test_whole_numbers_may_name_classes_or_amounts(
    tmp_path: Path, workloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = range(60)
    folder = data.csv(
        tmp_path / "found",
        day=[f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in rows],
        stars=[1 + row % 3 for row in rows],
        size=[row % 3 * 2 + row * 7 % 11 for row in rows],
    )
    arguments = ["--name", "stars", "--from", str(folder), "--label", "stars"]
    assert main(arguments, workloads=workloads, terminal=False) == 2
    assert "LABEL_TYPE must name the kind of the label stars, whose values are 1, 2, 3" in capsys.readouterr().err
    assert main([*arguments, "--label-type", "number"], workloads=workloads, terminal=False) == 0
    assert "type: number" in (workloads / "stars" / "workload.yaml").read_text("utf-8").split("label:")[1]


def test_a_label_that_says_so_itself_and_the_only_time_are_not_asked_for(tmp_path: Path, workloads: Path) -> None:
    rows = range(60)
    folder = data.csv(
        tmp_path / "found",
        when=[f"2024-{1 + row // 28:02}-{1 + row % 28:02}T10:00:00Z" for row in rows],
        target=[row % 2 for row in rows],
        size=[row % 2 * 3 + row * 7 % 11 for row in rows],
    )
    assert main(["--name", "sizes", "--from", str(folder)], workloads=workloads, terminal=False) == 0
    text = (workloads / "sizes" / "workload.yaml").read_text("utf-8")
    assert "event_time: when" in text
    assert "name: target" in text


def test_an_interrupted_conversation_leaves_nothing(
    bikes: Path, workloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(prompt: str) -> str:
        raise KeyboardInterrupt

    assert main(["--name", "rides", "--from", str(bikes)], workloads=workloads, terminal=True, read=read) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert list(workloads.iterdir()) == []


def test_a_column_that_is_the_answer_is_left_out_by_what_the_data_show(tmp_path: Path, workloads: Path) -> None:
    rows = range(12 * 28)
    folder = data.csv(
        tmp_path / "found",
        when=[f"2024-{1 + row // 28:02}-{1 + row % 28:02}T10:00:00Z" for row in rows],
        target=[row % 2 for row in rows],
        size=[row % 2 * 3 + row * 7 % 11 for row in rows],
        points=[(1 + row % 5) * (row % 2) for row in rows],
    )
    assert main(["--name", "sizes", "--from", str(folder)], workloads=workloads, terminal=False) == 0
    sql = (workloads / "sizes" / "features.sql").read_text("utf-8")
    assert "points: it answers the question alone" in sql
    assert "rows.points" not in sql
    assert "rows.size" in sql


def test_columns_that_say_nothing_are_told_and_their_model_does_not_pass(
    tmp_path: Path, workloads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = np.random.default_rng(7)
    rows = range(12 * 28)
    folder = data.csv(
        tmp_path / "found",
        when=[f"2024-{1 + row // 28:02}-{1 + row % 28:02}T10:00:00Z" for row in rows],
        target=chance.integers(0, 2, len(rows)).tolist(),
        size=chance.normal(size=len(rows)).tolist(),
    )
    assert main(["--name", "noise", "--from", str(folder)], workloads=workloads, terminal=False) == 0
    assert "nothing was learned: the columns say no more than the prior" in capsys.readouterr().out
    assert "NOTHING LEARNED" in (workloads / "noise" / "workload.yaml").read_text("utf-8")
    assert not trial.run(workloads / "noise", folder).gates.passed
