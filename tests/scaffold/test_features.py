"""Which columns become features, which do not, and what is said about either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from scaffold import making
from scaffold.answers import Answers
from scaffold.build import draft
from scaffold.choose import choose
from scaffold.draft import Draft
from scaffold.facts import widened
from scaffold.features import Feature
from tests.scaffold import data

ROWS = 400
DAYS: list[object] = [str(np.datetime64("2024-01-01T00:00") + np.timedelta64(row, "h")) for row in range(ROWS)]
LATER: list[object] = [str(np.datetime64("2024-01-01T01:00") + np.timedelta64(row, "h")) for row in range(ROWS)]
BEFORE: list[object] = [str(np.datetime64("2023-12-31T00:00") + np.timedelta64(row, "h")) for row in range(ROWS)]
CHURNED: list[object] = [row % 3 == 0 for row in range(ROWS)]


def _made(folder: Path, columns: Mapping[str, Sequence[object]], answers: Answers | None = None) -> Draft:
    given: dict[str, Sequence[object]] = {
        "asked_at": DAYS,
        "churned": CHURNED,
        "size": [row % 50 + 0.5 for row in range(ROWS)],
        **columns,
    }
    tables = making.look("shop", data.csv(folder, **given), folder / "workloads")
    return draft("shop", "found", choose(tables, answers or Answers(label="churned", event_time=("asked_at",))))


def _left_out(made: Draft) -> dict[str, str]:
    return {one.column: one.why for own in made.left_out.values() for one in own}


def _feature(made: Draft, name: str) -> Feature:
    return next(one for one in made.features if one.name == name)


@pytest.mark.parametrize(
    ("title", "values", "why"),
    [
        ("ticket", (f"t{row}" for row in range(ROWS)), "it is different in every row, as an identifier is"),
        ("customer_id", range(ROWS), "it is different in every row and called like an identifier"),
        ("Unnamed: 0", range(0, 2 * ROWS, 2), "it is different in every row and called like an identifier"),
        ("line", range(ROWS), "it only numbers the rows"),
        ("shop", ("x" for _ in range(ROWS)), "it is 'x' in every row that has it"),
        ("gone", (None for _ in range(ROWS)), "it is missing in every row"),
        ("city", (f"city {row % 60}" for row in range(ROWS)), "it has 60 different values, more than 50"),
        ("words", (f"they told us a long story, which is number {row // 2}" for row in range(ROWS)), "it is free text"),
        ("solved_at", iter(LATER), "it is after the event time in 400 rows"),
        ("refund", (row % 7 for row in range(ROWS)), "its name says 'refund'"),
        ("churned_reason", (row % 7 for row in range(ROWS)), "its name is like that of the label churned"),
        ("2nd size", (row % 7 for row in range(ROWS)), "its name has no letter to begin with"),
    ],
)
def test_a_column_that_is_left_out_says_why(title: str, values: Iterable[object], why: str, tmp_path: Path) -> None:
    # a record id of its own, so that the column is not taken for it
    answers = Answers(label="churned", event_time=("asked_at",), horizon="1 hour", record_id="row_id")
    rows: list[object] = [f"r{row}" for row in range(ROWS)]
    made = _made(tmp_path / "found", {"row_id": rows, title: list(values)}, answers)
    assert _left_out(made)[title].startswith(why)
    assert not [one for one in made.features if title in one.columns]


def test_what_is_missing_just_where_the_label_is_comes_with_the_answer(tmp_path: Path) -> None:
    unknown = [row % 10 == 0 for row in range(ROWS)]
    churned: list[object] = [None if unknown[row] else row % 3 == 0 for row in range(ROWS)]
    score: list[object] = [None if unknown[row] else row % 7 for row in range(ROWS)]
    left_out = _left_out(_made(tmp_path / "found", {"churned": churned, "score": score}))
    assert left_out["score"].startswith("it is missing in just those rows that lack the label churned")


def test_a_time_that_was_known_becomes_the_minutes_that_had_passed(tmp_path: Path) -> None:
    made = _made(tmp_path / "found", {"joined_at": [*BEFORE[:-1], None]})
    since = _feature(made, "minutes_since_joined_at")
    assert (since.kind, since.range, since.nullable) == ("integer", (1440, 1440), True)
    assert since.expression == "date_diff('minute', rows.joined_at, rows.asked_at)"


def test_types_ranges_categories_and_gaps_are_those_of_the_data(tmp_path: Path) -> None:
    made = _made(
        tmp_path / "found",
        {
            "age": [20 + row % 41 for row in range(ROWS)],
            "plan": [["free", "paid", None][row % 3] for row in range(ROWS)],
            "member": [row % 2 == 0 for row in range(ROWS)],
        },
    )
    age, plan, member = (_feature(made, name) for name in ("age", "plan", "member"))
    assert (age.kind, age.range, age.nullable, age.seen) == ("integer", (0, 80), False, "seen: 20 to 60")
    assert (plan.kind, plan.categories, plan.nullable) == ("category", ("free", "paid"), True)
    assert plan.gaps == "missing in 33% of rows"
    assert (member.kind, member.range, member.nullable) == ("boolean", None, False)


def test_a_range_has_half_its_width_more_on_both_sides_and_keeps_its_sign() -> None:
    assert widened(3, 97, whole=True) == (0, 144)
    assert widened(-1.5, 2.5, whole=False) == (-3.5, 4.5)
    assert widened(0.02, 0.6, whole=False) == (0.0, 0.89)
    assert widened(-5, -1, whole=False) == (-7.0, 0.0)
    low, high = widened(123456.78, 123456.79, whole=False)
    assert low < 123456.78
    assert high > 123456.79
    assert widened(7, 7, whole=True)[0] <= 7 <= widened(7, 7, whole=True)[1]


def test_texts_that_stand_for_nothing_do_not_make_a_number_a_text(tmp_path: Path) -> None:
    made = _made(tmp_path / "found", {"income": ["n/a" if row % 5 == 0 else str(row % 9) for row in range(ROWS)]})
    assert (_feature(made, "income").kind, _feature(made, "income").nullable) == ("integer", True)
    assert made.streams[0].fields["null_values"] == ["n/a"]


def test_codes_with_leading_zeros_stay_texts(tmp_path: Path) -> None:
    made = _made(tmp_path / "found", {"branch": [f"00{row % 4}" for row in range(ROWS)]})
    assert _feature(made, "branch").categories == ("000", "001", "002", "003")


def test_names_of_columns_never_become_sql(tmp_path: Path) -> None:
    made = _made(
        tmp_path / "found",
        {"Order": [row % 9 for row in range(ROWS)], "a b'; DROP": [row % 5 for row in range(ROWS)]},
    )
    assert {"order", "a_b_drop"} <= {one.name for one in made.features}
    assert _feature(made, "order").expression == 'rows."order"'


def test_two_columns_that_are_called_alike_are_left_out(tmp_path: Path) -> None:
    made = _made(
        tmp_path / "found",
        {"Page Size": [row % 9 for row in range(ROWS)], "page-size": [row % 5 for row in range(ROWS)]},
    )
    why = "Page Size and page-size are called alike in all but signs and case: rename one in the files"
    assert _left_out(made) == {"Page Size": why, "page-size": why}


def test_a_name_that_the_examples_need_is_not_a_features(tmp_path: Path) -> None:
    made = _made(tmp_path / "found", {"record_id": [row % 9 for row in range(ROWS)]})
    assert made.choice.record_id is None
    assert _feature(made, "record_id_2").columns == ("record_id",)


def test_a_label_that_is_rare_in_one_class_counts_it_as_unanswered(tmp_path: Path) -> None:
    kinds: list[object] = ["odd" if row == 7 else ["red", "blue"][row % 2] for row in range(ROWS)]
    answers = Answers(label="colour", event_time=("asked_at",))
    made = _made(tmp_path / "found", {"colour": kinds}, answers)
    assert made.choice.label.categories == ("blue", "red")
    assert "odd in fewer than 10 rows" in made.choice.label.why


@pytest.mark.parametrize(
    ("values", "kind", "expression"),
    [
        (["yes", "no"], "boolean", "{0} = 'yes'"),
        ([1, 0], "boolean", "{0} = 1"),
        (["won", "lost"], "category", "{0}"),
        ([1.5, 2.5], "number", "{0}"),
    ],
)
def test_the_kind_of_question_follows_from_the_labels_values(
    values: list[object], kind: str, expression: str, tmp_path: Path
) -> None:
    answers = Answers(label="answer", event_time=("asked_at",))
    made = _made(tmp_path / "found", {"answer": [values[row % 2] for row in range(ROWS)]}, answers)
    assert (str(made.choice.label.kind), made.choice.label.expression) == (kind, expression)


def test_the_prior_of_a_category_sums_to_one(tmp_path: Path) -> None:
    answers = Answers(label="kind", event_time=("asked_at",))
    made = _made(tmp_path / "found", {"kind": [["a", "b", "c"][row % 3] for row in range(ROWS)]}, answers)
    assert isinstance(made.prior, dict)
    assert sum(made.prior.values()) == pytest.approx(1, abs=1e-9)
