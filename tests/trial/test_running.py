from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import trial
from tests.trial.conftest import by, replace
from training import features
from trial import report
from trial.cache import Cache

ROUTES = "avg(arrival_delay) OVER (newest ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS route_delay_5"


def cached(found: trial.Trial) -> dict[str, bool]:
    return dict(zip(found.views["view"], found.views["cached"], strict=True))


def same(one: trial.Trial, other: trial.Trial) -> None:
    for name in ("training", "holdout", "scores", "metrics", "importance", "joins", "violations"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert one.rows == other.rows
    assert one.digests == other.digests


def test_a_trial_tells_what_became_of_every_row(first: trial.Trial) -> None:
    sources = by(first.sources, "source")
    assert sources["schedules"]["rows"] == 26_865
    assert sources["planes"]["files"] == 1
    rows = first.rows
    assert rows["examples"] == 26_865
    assert rows["label_null"] == 813  # cancelled and diverted, or not there before the month's end
    split = rows["training"] + rows["between"] + rows["holdout"]
    assert split == 26_865 - 813 - rows["known_late"] - rows["too_new"]
    assert len(first.training) == rows["training"]
    assert len(first.holdout) == len(first.scores) == rows["holdout"]


def test_only_files_of_rows_are_counted(flights: Path, january: Path, cache: Cache, tmp_path: Path) -> None:
    folder = tmp_path / "january"
    shutil.copytree(january, folder)
    for name in ("_SUCCESS", ".part-0.parquet.crc", "_committed_1"):
        (folder / "raw" / "planes" / name).write_bytes(b"")
    found = trial.run(flights, folder, cache=cache)
    assert by(found.sources, "source")["planes"]["files"] == 1
    assert any(line.split()[0] == "planes" and "rows from 1 file  " in line for line in report.lines(found))


def test_a_trial_tells_why_examples_found_no_history(first: trial.Trial) -> None:
    aircraft = by(first.joins, "entity")["aircraft"]
    assert aircraft["without_identifier"] == 154
    assert aircraft["never_seen"] == 14
    assert aircraft["found"] + 154 + 14 + aircraft["too_early"] == aircraft["examples"] == 26_865


def test_a_trial_measures_and_judges(first: trial.Trial) -> None:
    metrics = by(first.metrics, "metric")
    assert 0.68 < metrics["roc_auc"]["value"] < 0.8
    assert metrics["roc_auc"]["minimum"] == 0.6
    assert first.passed
    assert first.gates.message == "every gate passed"
    assert first.violations.empty
    most = first.importance.to_dict("records")[0]
    assert most["feature"] in {"origin_delay_2h", "origin_delay_1h", "carrier", "destination"}
    assert most["importance"] > 0.01


def test_a_second_run_gives_the_same_without_running_the_sql(
    first: trial.Trial, flights: Path, january: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: Any, **__: Any) -> Any:
        raise AssertionError("the SQL was run again")

    monkeypatch.setattr(features, "compute", nothing)
    again = trial.run(flights, january, cache=cache)
    same(first, again)
    assert not any(cached(first).values())
    assert all(cached(again).values())
    assert all(again.sources["cached"])


def test_where_nothing_can_be_kept_the_numbers_are_the_same(
    first: trial.Trial, flights: Path, january: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the cache's folder should be")
    found = trial.run(flights, january, cache=Cache(blocked))
    same(first, found)
    assert str(blocked) in found.cache_problem


def test_changed_sql_computes_only_what_depends_on_it(
    first: trial.Trial, flights: Path, january: Path, cache: Cache, tmp_path: Path
) -> None:
    replace(flights / "features.sql", {ROUTES: ROUTES.replace("4 PRECEDING", "9 PRECEDING")})
    changed = trial.run(flights, january, cache=cache)
    assert cached(changed) == {
        "origin_history": True,
        "route_history": False,
        "aircraft_history": True,
        "examples": True,
    }
    assert not changed.training["route_delay_5"].equals(first.training["route_delay_5"])
    assert changed.training["origin_delay_2h"].equals(first.training["origin_delay_2h"])
    same(changed, trial.run(flights, january, cache=Cache(tmp_path / "another")))


def test_changed_data_compute_only_what_reads_them(
    first: trial.Trial, flights: Path, january: Path, cache: Cache, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(january, copy)
    weather = copy / "raw" / "weather" / "2013-01.parquet"
    pq.write_table(pq.ParquetFile(weather).read().slice(0, 1000), weather)
    changed = trial.run(flights, copy, cache=cache)
    assert dict(zip(changed.sources["source"], changed.sources["cached"], strict=True)) == {
        "schedules": True,
        "departures": True,
        "arrivals": True,
        "weather": False,
        "planes": True,
    }
    assert cached(changed) == {
        "origin_history": True,
        "route_history": True,
        "aircraft_history": True,
        "examples": False,
    }
    assert changed.holdout["temperature"].nunique() < first.holdout["temperature"].nunique()


def test_another_estimator_computes_no_feature_again(
    first: trial.Trial, flights: Path, january: Path, cache: Cache
) -> None:
    replace(flights / "workload.yaml", {"max_iter: 10": "max_iter: 20"})
    changed = trial.run(flights, january, cache=cache)
    assert all(cached(changed).values())
    assert changed.digests["model"] != first.digests["model"]
    assert changed.digests["workload"] != first.digests["workload"]
    assert changed.digests["data"] == first.digests["data"]


def test_dates_choose_the_events(flights: Path, january: Path, cache: Cache) -> None:
    found = trial.run(flights, january, start="2013-01-05", end="2013-01-21", cache=cache)
    asked = pd.concat([found.training["event_time"], found.holdout["event_time"]])
    assert asked.min() >= pd.Timestamp("2013-01-05", tz="UTC")
    assert asked.max() < pd.Timestamp("2013-01-21", tz="UTC")
    assert by(found.sources, "source")["schedules"]["outside"] > 5_000


def test_what_fails_is_told_by_how_much(flights: Path, january: Path, cache: Cache) -> None:
    replace(
        flights / "workload.yaml",
        {"minimum: 0.6": "minimum: 0.9", "range: [0, 10]}\n  origin_delay": "range: [0, 9]}\n  origin_delay"},
    )
    found = trial.run(flights, january, cache=cache)
    assert not found.passed
    assert found.gates.message.startswith("roc_auc must be at least 0.9, got 0.7")
    metrics = by(found.metrics, "metric")
    assert not metrics["roc_auc"]["passes"]
    assert metrics["brier_score"]["passes"]
    assert found.violations["column"].to_list() == ["visibility"]
    assert found.violations["rule"].to_list() == ["be at most 9"]
    said = "\n".join(report.lines(found))
    assert "visibility must be at most 9: broken in" in said
    assert "at least 0.9: FAILS by 0.1" in said
    assert "at most 0.18: passes by 0.0" in said
