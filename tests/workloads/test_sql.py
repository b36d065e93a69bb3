"""A workload's SQL is run on empty tables when the file is read: what does not fit is told with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from workloads import spec
from workloads.database import connect
from workloads.problems import ProblemsError

Change = tuple[str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the reference workload that a test may break."""
    return Path(shutil.copytree(spec.folder("flights"), tmp_path / "flights"))


def _refused(folder: Path, *changes: Change, file: str = "features.sql") -> list[str]:
    _change(folder / file, *changes)
    with pytest.raises(ProblemsError) as refused:
        spec.load(folder / "workload.yaml")
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def _change(path: Path, *changes: Change) -> None:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def _line(folder: Path, text: str, file: str = "features.sql") -> int:
    lines = (folder / file).read_text("utf-8").splitlines(keepends=True)
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("change", "found_at", "said"),
    [
        pytest.param(
            ("schedules.carrier,", "schedules.carrer,"),
            "schedules.carrer",
            'examples must name columns that are there, got "schedules.carrer". Did you mean carrier?',
            id="unknown column",
        ),
        pytest.param(
            ("(arrival_delay > 15)", "(arival_delay > 15)"),
            "arival_delay",
            'route_history must name columns that are there, got "arival_delay". Did you mean arrival_delay?',
            id="unknown column without its table",
        ),
        pytest.param(
            ("FROM schedules\nASOF", "FROM scheduls\nASOF"),
            "FROM scheduls",
            'examples must read sources and views that are made before it, got "scheduls". Did you mean schedules?',
            id="unknown table",
        ),
        pytest.param(
            ("SELECT\n    arrivals.tail", "SELEC\n    arrivals.tail"),
            "SELEC\n",
            'aircraft_history must be SQL that DuckDB can run, got "SELEC". DuckDB says: syntax error at or near',
            id="syntax",
        ),
        pytest.param(
            ("|| '-' || schedules.destination", "+ schedules.distance"),
            "+ schedules.distance",
            "examples must be SQL that DuckDB can run, got",
            id="types that do not go together",
        ),
        pytest.param(
            ("schedules.distance,", "schedules.distance / 2 AS distance,"),
            "AS distance,",
            'examples.distance must be of type integer, as features.distance.type says, got "DOUBLE". '
            'Write CAST(round("distance") AS BIGINT) in the view, or set `type: number` in workload.yaml.',
            id="a fraction for an integer",
        ),
        pytest.param(
            ("schedules.carrier,", "schedules.flight_number AS carrier,"),
            "AS carrier,",
            'examples.carrier must be of type string, as features.carrier.type says, got "BIGINT". Write CAST(',
            id="a number for a category",
        ),
        pytest.param(
            (
                "schedules.event_time,\n    schedules.origin ||",
                "schedules.event_time::TIMESTAMP AS event_time,\n    ''||",
            ),
            "AS event_time,",
            'examples.event_time must be of type timestamp, as examples.event_time says, got "TIMESTAMP". '
            "It says no time zone: write \"event_time\" AT TIME ZONE 'UTC', if UTC is what it is in.",
            id="a naive timestamp",
        ),
        pytest.param(
            ("arrivals.arrival_delay > 15 AS late", "(arrivals.arrival_delay > 15)::INTEGER AS late"),
            "::INTEGER AS late,",
            'examples.late must be of type boolean, as label.type says, got "INTEGER". Write it as a condition',
            id="a number for a label that is true or false",
        ),
        pytest.param(
            ("schedules.distance,", "NULL AS distance,"),
            "NULL AS distance",
            'examples.distance must be of type integer, as features.distance.type says, got "NULL". Give NULL a type',
            id="a column without a type",
        ),
        pytest.param(
            ("schedules.distance,", "schedules.distance, schedules.local_minute AS Distance,"),
            "AS Distance",
            'examples.distance must be given once, got "distance". Remove one of the two',
            id="a column twice",
        ),
        pytest.param(
            ("    schedules.distance,\n", ""),
            "CREATE VIEW examples",
            "examples.distance must be a column of its view, as features.distance.type says, it is missing. Add it",
            id="a feature that no view yields",
        ),
        pytest.param(
            ("CREATE VIEW examples", "CREATE VIEW spare AS SELECT 1 AS one;\nCREATE VIEW examples"),
            "VIEW spare",
            'spare must be read by another view, or named in workload.yaml, got "spare". Remove it, or name it.',
            id="a view that nobody reads",
        ),
        pytest.param(
            ("CREATE VIEW examples", "CREATE VIEW Origin_History AS SELECT 1 AS one;\nCREATE VIEW examples"),
            "VIEW Origin_History",
            'Origin_History must be made once, got "Origin_History". Remove one of the two',
            id="a view twice",
        ),
        pytest.param(
            ("schedules.distance,", "schedules.distance + CAST(random() AS BIGINT) AS distance,"),
            "random()",
            'examples must depend on nothing but its sources, got "random()". It gives another answer in each run',
            id="chance",
        ),
        pytest.param(
            ("schedules.distance,", "year(current_date) AS distance,"),
            "current_date",
            'examples must depend on nothing but its sources, got "current_date".',
            id="the clock",
        ),
        pytest.param(
            ("FROM schedules\nASOF", "FROM (SELECT * FROM schedules USING SAMPLE 5) AS schedules\nASOF"),
            "CREATE VIEW examples",
            'examples must depend on nothing but its sources, got "a random sample".',
            id="a random sample",
        ),
        pytest.param(
            ("FROM schedules\nASOF", "FROM read_parquet('s3://lake/*.parquet') AS schedules\nASOF"),
            "read_parquet",
            "examples must read nothing but its sources, got \"read_parquet('s3://lake/*.parquet') AS schedules\".",
            id="a file",
        ),
        *(
            pytest.param(
                ("CREATE VIEW examples", f"{statement};\nCREATE VIEW examples"),
                statement,
                f'features.sql must only make views and macros, got "{statement}". Remove this statement.',
                id=statement.split()[0],
            )
            for statement in (
                "COPY schedules TO 'x.csv'",
                "ATTACH 'x.db'",
                "INSTALL httpfs",
                "SET threads = 1",
                "SELECT 1",
                "CREATE TABLE kept AS SELECT 1 AS one",
            )
        ),
    ],
)
def test_sql_that_does_not_fit_is_refused_with_its_line_and_a_remedy(
    folder: Path, change: Change, found_at: str, said: str
) -> None:
    problems = _refused(folder, change)
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"features.sql:{_line(folder, found_at)}: {said}")
    assert problems[0].endswith(".") or problems[0].endswith("?")


def test_problems_of_both_files_are_told_together_and_what_builds_on_a_broken_view_is_not_blamed(folder: Path) -> None:
    _change(folder / "workload.yaml", ("  threshold: 0.5", "  treshold: 0.5"))
    problems = _refused(
        folder,
        ("CREATE VIEW examples", "CREATE VIEW first AS SELECT nothing FROM weather;\nCREATE VIEW examples"),
        ("FROM schedules\nASOF", "FROM schedules CROSS JOIN first\nASOF"),
        ("FROM landings", "FROM landing"),
    )
    assert [problem.split(" must ")[0] for problem in problems] == [
        f"workload.yaml:{_line(folder, 'treshold', 'workload.yaml')}: label.treshold",
        f"features.sql:{_line(folder, 'FROM landing')}: route_history",
        f"features.sql:{_line(folder, 'VIEW first')}: first",
    ]


def test_names_that_the_two_files_write_differently_are_told_in_both(folder: Path) -> None:
    _change(folder / "workload.yaml", ("view: origin_history", "view: origin_histories"), ("  planes:", "  plane:"))
    problems = _refused(folder)
    assert problems[0].startswith(
        f"workload.yaml:{_line(folder, 'origin_histories', 'workload.yaml')}: entities.origin.view must be a view that "
        'features.sql makes, got "origin_histories". Did you mean origin_history?'
    )
    assert 'aircraft_history must read sources and views that are made before it, got "planes". ' in problems[1]
    assert problems[1].endswith("Did you mean plane?")


def test_a_source_that_no_view_reads_is_refused(folder: Path) -> None:
    source = "  trains:\n    description: A train.\n    columns: {event_time: timestamp}\n"
    problems = _refused(folder, ("  weather:\n", f"{source}  weather:\n"), file="workload.yaml")
    line = _line(folder, "trains:", "workload.yaml")
    assert problems == [
        f'workload.yaml:{line}: sources.trains must be read by a view of features.sql, got "trains". '
        "Remove the source, which every run would read for nothing, or read it."
    ]


def test_a_view_that_comes_too_late_is_found_further_down(folder: Path) -> None:
    text = (folder / "features.sql").read_text("utf-8")
    (folder / "features.sql").write_text(f"CREATE VIEW early AS FROM examples;\n{text}", "utf-8")
    line = _line(folder, "VIEW examples")
    assert f"That view is made on line {line}: move it up." in _refused(folder)[0]


def test_what_stands_in_texts_and_comments_is_no_statement(folder: Path) -> None:
    _change(
        folder / "features.sql",
        ("CREATE VIEW examples AS", '/* ; COPY */ CREATE OR REPLACE VIEW "examples" AS -- é; ATTACH\n'),
        ("schedules.carrier,", "replace(schedules.carrier, ';', '') AS carrier,"),
        ("isodow(", "CREATE_WEEKDAY("),
    )
    text = (folder / "features.sql").read_text("utf-8")
    (folder / "features.sql").write_text(f"CREATE MACRO create_weekday(day) AS isodow(day);\n{text}", "utf-8")
    assert spec.load(folder / "workload.yaml").name == "flights"


def test_a_model_that_answers_is_not_held_by_the_sql(folder: Path) -> None:
    (folder / "features.sql").write_text("CREATE VIEW", "utf-8")
    assert spec.load(folder / "workload.yaml", run_sql=False).name == "flights"


def test_the_sql_reaches_neither_files_nor_variables_nor_settings(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", "utf-8")
    with connect() as database:
        for statement in (
            f"FROM read_csv('{secret}')",
            f"FROM '{secret}'",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.db'}'",
            "SET enable_external_access = true",
            "SET TimeZone = 'Europe/Berlin'",
            "SELECT * FROM secret",
        ):
            with pytest.raises(duckdb.Error):
                database.execute(statement)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]
