"""Every mistake that a data scientist makes is told by `make try` in seconds, with its place and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

import trial
from tests.trial.conftest import replace
from training.job import JobError
from trial.cache import Cache
from workloads.problems import ProblemsError

SQL, FILE = "features.sql", "workload.yaml"
MISTAKES = {
    "an unknown column": (
        SQL,
        ("schedules.distance,", "schedules.distanc,"),
        'features.sql:{line}: examples must name columns that are there, got "schedules.distanc". Did you mean dist',
    ),
    "a type that does not match": (
        SQL,
        ("schedules.distance,", "schedules.distance / 2 AS distance,"),
        'features.sql:{line}: examples.distance must be of type integer, as features.distance.type says, got "DOUBLE".',
    ),
    "a name given twice": (
        FILE,
        ("prior: 0.23", "prior: 0.23\nprior: 0.5"),
        'workload.yaml:{line}: prior must be given once, got "prior". Remove one of the two; the first is on line ',
    ),
    "a timestamp without a zone": (
        SQL,
        ("    schedules.event_time,\n", "    schedules.event_time::TIMESTAMP AS event_time,\n"),
        'features.sql:{line}: examples.event_time must be of type timestamp, as examples.event_time says, got "TIMES',
    ),
    "an answer that is constant": (
        SQL,
        ("arrivals.arrival_delay > 15 AS late", "arrivals.arrival_delay > 15000 AS late"),
        "The training part must hold examples of both answers of late, got true 0 among ",
    ),
    "an answer that is null": (
        SQL,
        ("arrivals.arrival_delay > 15 AS late", "CASE WHEN arrival_delay > 15 THEN true END AS late"),
        "late must have a value in at least 80% of the examples that are old enough, got none in ",
    ),
    "a parameter that the class does not take": (
        FILE,
        ("learning_rate: 0.07", "learning_rat: 0.07"),
        "workload.yaml:{line}: estimator.parameters.learning_rat must be a parameter of "
        'sklearn.ensemble.HistGradientBoostingClassifier, got "learning_rat". Did you mean learning_rate?',
    ),
    "a gate on a metric of another kind": (
        FILE,
        ("roc_auc: {minimum: 0.6}", "r2: {minimum: 0.6}"),
        "workload.yaml:{line}: gates.metrics.r2 must ",
    ),
    "a view that reads the future": (
        SQL,
        ("BETWEEN 4 PRECEDING AND CURRENT ROW", "BETWEEN 4 PRECEDING AND 1 FOLLOWING"),
        "features.sql:{line}: route_history.route_delay_5 must be the same when later rows are taken away",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_where_it_is(flights: Path, january: Path, cache: Cache, mistake: str) -> None:
    file, (old, new), said = MISTAKES[mistake]
    replace(flights / file, {old: new})
    text = (flights / file).read_text("utf-8")
    line = text[: text.index(new.rstrip("\n")) + len(new.rstrip("\n"))].count("\n") + 1
    with pytest.raises((ProblemsError, JobError)) as refused:
        trial.run(flights, january, cache=cache)
    lines = [one.replace(f"{flights}/", "") for one in str(refused.value).split("\n")]
    assert any(one.startswith(said.format(line=line)) for one in lines), lines
    assert lines[-1].endswith((".", "?"))


ROWS = {
    "a category that was never declared": (
        FILE,
        {"[EWR, JFK, LGA]": "[EWR, JFK]"},
        "origin",
        "be one of its categories",
    ),
    "an identifier of two examples": (
        SQL,
        {"    schedules.flight_id,\n": "    'one' AS flight_id,\n"},
        "flight_id",
        "be different in every row",
    ),
}


@pytest.mark.parametrize("mistake", ROWS)
def test_what_single_rows_break_is_counted(flights: Path, january: Path, cache: Cache, mistake: str) -> None:
    file, change, column, rule = ROWS[mistake]
    replace(flights / file, change)
    found = trial.run(flights, january, cache=cache)
    assert not found.passed
    assert rule in found.violations.set_index("column")["rule"][column]
