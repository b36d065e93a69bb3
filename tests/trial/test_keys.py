from __future__ import annotations

import pytest

from trial import keys

SQL = """
-- what everything stands on
CREATE VIEW base AS SELECT * FROM trips;
CREATE OR REPLACE VIEW "Middle" AS SELECT * FROM base;
CREATE VIEW top AS SELECT * FROM "Middle" JOIN stations USING (id);
CREATE VIEW other AS SELECT * FROM riders;
"""
STREAMS = {"trips": "1", "stations": "1", "riders": "1"}


def changed(sql: str = SQL, **streams: str) -> set[str]:
    """Which views have another digest than those of SQL."""
    before = keys.of_views(SQL, STREAMS, "code")
    after = keys.of_views(sql, {**STREAMS, **streams}, "code")
    return {name for name in after if after[name] != before.get(name)}


def test_nothing_changed() -> None:
    assert changed() == set()


@pytest.mark.parametrize(
    ("old", "new", "views"),
    [
        ("FROM trips", "FROM trips WHERE km > 0", {"base", "middle", "top"}),
        ("FROM base", "FROM base LIMIT 1", {"middle", "top"}),
        ("USING (id)", "USING (id, day)", {"top"}),
        ("FROM riders", "FROM riders LIMIT 1", {"other"}),
        ("-- what everything", "-- something", set()),
    ],
)
def test_a_change_reaches_what_stands_on_it(old: str, new: str, views: set[str]) -> None:
    assert changed(SQL.replace(old, new)) == views


@pytest.mark.parametrize(
    ("source", "views"), [("trips", {"base", "middle", "top"}), ("stations", {"top"}), ("riders", {"other"})]
)
def test_other_data_reach_what_reads_them(source: str, views: set[str]) -> None:
    assert changed(**{source: "2"}) == views


def test_a_comment_and_a_blank_change_nothing() -> None:
    assert changed(SQL.replace("SELECT * FROM riders", "SELECT *  -- all\n    FROM riders /* of today */")) == set()


def test_a_literal_is_no_comment() -> None:
    sql = SQL.replace("FROM riders", "FROM riders WHERE name = '{}'")
    assert (
        keys.of_views(sql.format("--a"), STREAMS, "")["other"] != keys.of_views(sql.format("--b"), STREAMS, "")["other"]
    )


def test_a_macro_reaches_what_calls_it_and_what_it_reads() -> None:
    sql = SQL.replace("SELECT * FROM riders", "SELECT half(1) FROM riders")
    macro = "CREATE MACRO half(x) AS x / (SELECT count(*) FROM stations);"
    before = keys.of_views(macro + sql, STREAMS, "")
    other_macro = keys.of_views(macro.replace("x /", "2 * x /") + sql, STREAMS, "")
    other_data = keys.of_views(macro + sql, {**STREAMS, "stations": "2"}, "")
    assert {name for name in before if before[name] != other_macro[name]} == {"other"}
    assert {name for name in before if before[name] != other_data[name]} == {"other", "top"}


def test_a_table_that_a_text_names_may_be_any() -> None:
    sql = SQL.replace("SELECT * FROM riders", "SELECT * FROM query('SELECT * FROM tr' || 'ips')")
    before, after = (keys.of_views(sql, {**STREAMS, "trips": trips}, "") for trips in ("1", "2"))
    assert before["other"] != after["other"]


def test_other_code_changes_everything() -> None:
    one, other = (keys.of_views(SQL, STREAMS, code) for code in ("1", "2"))
    assert all(one[view] != other[view] for view in one)
