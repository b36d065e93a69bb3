from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import trial
from tests.trial.conftest import replace
from training.job import JobError
from trial import __main__ as command
from trial.cache import Cache
from workloads.problems import ProblemsError


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (("2013-01-32", None), 'START must be an ISO date, got "2013-01-32". Write it as 2013-01-31.'),
        ((None, "January"), 'END must be an ISO date, got "January"'),
        (("2013-02-01", "2013-01-01"), 'START must be before END (2013-01-01), got "2013-02-01"'),
        (("2014-01-01", None), 'START must leave events, got "2014-01-01"'),
        ((None, "2012-01-01"), 'END must leave events, got "2012-01-01"'),
    ],
)
def test_dates_that_cannot_be_are_refused(
    flights: Path, january: Path, cache: Cache, dates: tuple[str | None, str | None], said: str
) -> None:
    with pytest.raises(ProblemsError) as raised:
        trial.run(flights, january, *dates, cache=cache)
    assert said in str(raised.value)


def test_both_dates_are_told_at_once(flights: Path, january: Path, cache: Cache) -> None:
    with pytest.raises(ProblemsError) as raised:
        trial.run(flights, january, "now", "then", cache=cache)
    assert len(raised.value.problems) == 2


def test_a_workload_that_is_not_there_is_named(january: Path) -> None:
    with pytest.raises(ProblemsError, match=r'WORKLOAD must be a workload\'s name or folder, got "nowhere"'):
        trial.run("nowhere", january)


def test_a_folder_that_is_not_there_is_named(flights: Path, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="FROM must be a folder"):
        trial.run(flights, tmp_path / "nowhere")


def test_every_source_without_files_is_named(flights: Path, january: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(january, copy)
    shutil.rmtree(copy / "raw" / "weather")
    for file in (copy / "raw" / "planes").iterdir():
        file.unlink()
    with pytest.raises(ProblemsError) as raised:
        trial.run(flights, copy)
    weather, planes = raised.value.problems
    assert str(weather).startswith(f"sources.weather must have files below {copy}/raw/weather")
    assert "no such folder" in str(weather)
    assert "no files" in str(planes)


def test_sql_that_cannot_be_run_is_refused(flights: Path, january: Path, cache: Cache) -> None:
    replace(flights / "features.sql", {"arrivals.arrival_delay > 15 AS late": "arrivals.delay > 15 AS late"})
    with pytest.raises((JobError, ProblemsError), match="delay"):
        trial.run(flights, january, cache=cache)


@pytest.fixture
def call(flights: Path, january: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("trial.cache.cache_folder", lambda _: cache.at)
    return [str(flights), "--from", str(january), "--untracked"]


def test_the_exit_code_tells_failed_from_refused(
    call: list[str], flights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(call) == 0
    assert "every gate passed" in capsys.readouterr().out
    replace(flights / "workload.yaml", {"minimum: 0.6": "minimum: 0.9"})
    assert command.main(call) == 1
    assert "FAILS by" in capsys.readouterr().out
    replace(flights / "workload.yaml", {"minimum: 0.9": "minimum: 1.7"})
    assert command.main(call) == 2
    said = capsys.readouterr().err
    assert "workload.yaml:" in said
    assert "gates.metrics.roc_auc" in said
