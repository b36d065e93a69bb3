"""Which column has which part: what was said, what the data leave no doubt about, and what has to be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from scaffold import label as labels
from scaffold.answers import Answers, Question, UnansweredError
from scaffold.choice import Choice, History
from scaffold.label import Label
from scaffold.names import clean, quoted
from scaffold.tables import Column, Table, find
from workloads.problems import Problem

_SELF_SAID = ("label", "target")
_IDENTIFIERS = ("id", "uuid", "guid", "key", "no", "number", "nr")
_UNITS = "second|minute|hour|day|week|month|year"
_LABEL_WORDS = ("label", "target", "class", "outcome", "churn", "late", "fraud", "default", "price", "species")


@dataclass
class _Open:
    """What is open or wrong so far."""

    questions: list[Question] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def column(self, found: Column | Problem | Question | None) -> Column | None:
        """Note what is not a column."""
        if isinstance(found, Problem):
            self.problems.append(found)
        elif isinstance(found, Question):
            self.questions.append(found)
        elif found is not None:
            return found
        return None


def choose(tables: Mapping[str, Table], answers: Answers) -> Choice:
    """Give each part its column.

    Parameters
    ----------
    tables : mapping of str to Table
        By source.
    answers : Answers
        What somebody said.

    Raises
    ------
    UnansweredError
        With every question that is open and every answer that is wrong.
    """
    left = _Open()
    column = left.column(_label(tables, answers))
    times = _said_times(tables, answers, left)
    if column is None:
        for table in tables.values():  # any may be the examples'
            if len(tables) == 1 or len(_whole_times(table)) > 1:
                left.column(_time(table, times, _ASKED))
        raise UnansweredError(left.questions, left.problems)
    table = tables[column.table]
    label = labels.decide(column, answers.label_type)
    if not isinstance(label, Label):
        left.column(label)
    event_time = left.column(_time(table, times, _ASKED))
    known_at = left.column(_known_at(table, answers, column, event_time))
    horizon = _horizon(answers, left)
    record_id = left.column(_record_id(table, answers, column, event_time))
    histories = _histories(tables, table, answers, times, left)
    if left.questions or left.problems or event_time is None or not isinstance(label, Label):
        raise UnansweredError(left.questions, left.problems)
    return Choice(table, label, event_time, known_at, not answers.known_at, horizon, record_id, histories)


_ASKED = "the moment at which the question is asked, when all that the model is told is known"


def _label(tables: Mapping[str, Table], answers: Answers) -> Column | Problem | Question:
    if answers.label:
        return find(answers.label, tables, labels.FIELD)
    said = [column for table in tables.values() for column in table.columns.values() if column.name in _SELF_SAID]
    if len(said) == 1:
        return said[0]
    able = [
        column
        for table in tables.values()
        for column in table.columns.values()
        if not isinstance(labels.decide(column, ""), Problem) and not column.facts.free_text
    ]
    able.sort(key=lambda column: not set(clean(column.title).split("_")) & set(_LABEL_WORDS))
    candidates = tuple((_full(column, tables), column.about) for column in able)
    return Question("label", "the column that the model is to predict", candidates)


def _full(column: Column, tables: Mapping[str, Table]) -> str:
    return f"{column.table}.{column.name}" if len(tables) > 1 else column.name


def _said_times(tables: Mapping[str, Table], answers: Answers, left: _Open) -> dict[str, Column]:
    """Return the event time by source, as far as somebody said it."""
    said: dict[str, Column] = {}
    for wanted in answers.event_time:
        column = left.column(find(wanted, tables, "EVENT_TIME"))
        if column is None:
            continue
        if column.facts.kind != "timestamp":
            remedy = (
                f"{column.title} holds {column.about}. Times are timestamps, dates, ISO 8601 texts (2024-01-31 "
                "09:30:00) or whole numbers since 1970; write it as one of them."
            )
            left.problems.append(Problem(field="EVENT_TIME", rule="be a time", value=wanted, remedy=remedy))
        elif column.facts.nulls:
            remedy = (
                f"{column.facts.nulls} rows of {column.table} lack it: remove them, or name a column that all have."
            )
            left.problems.append(Problem(field="EVENT_TIME", rule="be there in every row", value=wanted, remedy=remedy))
        elif column.table in said:
            remedy = f"{column.table} has {said[column.table].title} already: name one column of each table."
            left.problems.append(Problem(field="EVENT_TIME", rule="be one column", value=wanted, remedy=remedy))
        else:
            said[column.table] = column
    return said


def _time(table: Table, said: Mapping[str, Column], what: str) -> Column | Problem | Question | None:
    """Return a table's event time; None where what was said of it is wrong."""
    name = table.source.name
    if name in said:
        return said[name]
    whole = _whole_times(table)
    if len(whole) == 1:
        return whole[0]
    if whole:
        return Question("event_time", what, tuple((f"{name}.{column.name}", column.about) for column in whole))
    remedy = (
        f"No column of {name} ({', '.join(table.columns)}) is a time that every row has. Add one: the hold-out is the "
        "newest part of the data, and a model that is tested on its own past proves nothing."
    )
    return Problem(field="EVENT_TIME", rule=f"name {what}", missing=True, remedy=remedy)


def _whole_times(table: Table) -> list[Column]:
    return [column for column in table.times if not column.facts.nulls]


def _known_at(
    table: Table, answers: Answers, label: Column, event_time: Column | None
) -> Column | Problem | Question | None:
    own = {table.source.name: table}
    if answers.known_at:
        column = find(answers.known_at, own, "KNOWN_AT")
        if isinstance(column, Column) and column.facts.kind != "timestamp":
            remedy = f"{column.title} holds {column.about}: name a time, or say HORIZON='30 days' instead."
            return Problem(field="KNOWN_AT", rule="be a time", value=answers.known_at, remedy=remedy)
        return column
    if answers.horizon or event_time is None:
        return None
    # A time that is never before the question, and that just the rows with an answer have, is when the answer came.
    fitting = [
        column for column in table.times if column is not event_time and _goes_with(table, column, event_time, label)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _goes_with(table: Table, column: Column, event_time: Column, label: Column) -> bool:
    at, asked, answer = quoted(column.name), quoted(event_time.name), quoted(label.name)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", table.rows)
        row = database.execute(
            f"SELECT bool_and({at} IS NULL OR {at} >= {asked}), bool_or({at} > {asked}), "  # noqa: S608
            f"bool_and(({at} IS NULL) = ({answer} IS NULL)) FROM rows"
        ).fetchone()
    return row is not None and all(row)


def _horizon(answers: Answers, left: _Open) -> str:
    """Return an SQL interval; of no length where nothing was said."""
    if not answers.horizon:
        return "0 days"
    if not re.fullmatch(rf"\d+ ({_UNITS})s?", answers.horizon.strip().lower()):
        remedy = "Write a number and a unit, as HORIZON='30 days' or HORIZON='2 hours'."
        left.problems.append(Problem(field="HORIZON", rule="be a duration", value=answers.horizon, remedy=remedy))
    if answers.known_at:
        remedy = "The column says when the label became known: leave HORIZON out."
        left.problems.append(
            Problem(field="HORIZON", rule="not be given beside KNOWN_AT", value=answers.horizon, remedy=remedy)
        )
    return answers.horizon.strip().lower()


def _record_id(
    table: Table, answers: Answers, label: Column, event_time: Column | None
) -> Column | Problem | Question | None:
    own = {table.source.name: table}
    if answers.record_id:
        column = find(answers.record_id, own, "RECORD_ID")
        if isinstance(column, Column) and not column.facts.unique:
            facts = column.facts
            again = f"{facts.rows - facts.nulls - facts.distinct} rows repeat one, {facts.nulls} have none"
            remedy = f"{again}. Name another column; without RECORD_ID an identifier is computed of the row's content."
            return Problem(field="RECORD_ID", rule="be different in every row", value=answers.record_id, remedy=remedy)
        return column
    able = [
        column
        for column in table.columns.values()
        if column.facts.unique and column.facts.kind in ("string", "integer") and column not in (label, event_time)
    ]
    named = [column for column in able if clean(column.title).split("_")[-1] in _IDENTIFIERS]
    texts = [column for column in able if column.facts.kind == "string" and not column.facts.free_text]
    chosen = named or texts
    return chosen[0] if chosen else None


def _histories(
    tables: Mapping[str, Table],
    table: Table,
    answers: Answers,
    times: Mapping[str, Column],
    left: _Open,
) -> tuple[History, ...]:
    found: list[History] = []
    others = {name: other for name, other in tables.items() if name != table.source.name}
    for wanted in answers.entity:
        key = left.column(find(wanted, {table.source.name: table}, "ENTITY"))
        if key is None:
            continue
        pairs = [
            (other, column)
            for other in others.values()
            for column in other.columns.values()
            if clean(column.title) == clean(key.title)
        ]
        if not pairs:
            remedy = f"No other table has a column {key.title}; there are {', '.join(others) or 'no other tables'}."
            left.problems.append(
                Problem(field="ENTITY", rule="be a column of another table too", value=wanted, remedy=remedy)
            )
        base = re.sub(r"_(id|key|number|no|code)$", "", key.name)
        for other, column in pairs:
            known = f"the moment at which a row of {other.source.name} is known"
            at = left.column(_time(other, times, known))
            if at is not None:
                name = base if len(pairs) == 1 else f"{base}_{other.source.name}"[:63]
                found.append(History(name, key, other, column, at))
    return tuple(found)
