"""Which columns become features, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from scaffold.choice import History
from scaffold.facts import MOST_CATEGORIES, share, widened
from scaffold.names import LONGEST, clean, quoted
from scaffold.tables import Column, Table

# Words in names of columns that are mostly filled in when the answer is known.
_AFTERWARDS = frozenset(
    [
        *("actual", "actually", "after", "cancellation", "cancelled", "closed", "completed", "completion", "delivered"),
        *("delivery", "ended", "final", "finished", "outcome", "paid", "refund", "refunded", "resolution", "resolved"),
        *("result", "returned", "settled", "settlement", "solved"),
    ]
)
_IDENTIFIERS = frozenset(("id", "key", "number", "no", "nr", "uuid", "index", "unnamed"))
_FEWEST_ROWS = 5
"""A value of a category that comes up in fewer rows than these on average says too little to learn from."""


@dataclass(frozen=True)
class Feature:
    """An input of the model that the scaffold proposes.

    Attributes
    ----------
    name : str
        What the model calls it.
    kind : str
        Its type in a workload file.
    expression : str
        The SQL that makes it.
    description : str
        What it is, as far as a column's name tells.
    nullable : bool
        Whether it may be missing.
    range : tuple of float, optional
        Smallest and largest value that is let through.
    categories : tuple of str
        Every value of a category.
    comment : str
        What a reader of features.sql should know about it.
    owner : str
        The entity whose history it is of; empty where the caller knows it.
    age : bool
        Whether it is computed where the features are joined.
    columns : tuple of str
        Of its source, that it is made of.
    seen, gaps : str
        The range that was seen, and how often it is missing, for comments.
    """

    name: str
    kind: str
    expression: str
    description: str
    nullable: bool
    range: tuple[float | None, float | None] | None = None
    categories: tuple[str, ...] = ()
    comment: str = ""
    owner: str = ""
    age: bool = False
    columns: tuple[str, ...] = ()
    seen: str = ""
    gaps: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A column that does not become a feature, and why; its name is what a workload may declare it by."""

    column: str
    why: str
    name: str = ""


@dataclass(frozen=True)
class Moments:
    """What is known of the times of a table's rows.

    Attributes
    ----------
    event_time : Column
        When a row's question is asked, or when it is known.
    label : Column, optional
        What is predicted, in the table of the examples.
    """

    event_time: Column
    label: Column | None = None


def of_columns(table: Table, moments: Moments, used: dict[str, str]) -> Iterator[Feature | LeftOut]:
    """Judge each column of a table.

    Parameters
    ----------
    table : Table
        Whose columns are judged.
    moments : Moments
        What must not be told, and when.
    used : dict of str to str
        Columns that are no features because they have another part, each with a reason to tell; empty for none.
    """
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", table.rows)
        for name, column in table.columns.items():
            why = used[name] if name in used else _useless(column) or _afterwards(column, moments, database)
            if why:
                yield LeftOut(column.title, why, name)
            elif name not in used:
                yield _feature(column, moments, database)
    yield from (LeftOut(title, why) for title, why in table.unfit.items())


def _useless(column: Column) -> str:
    """Say why nothing can be learned from a column, or nothing."""
    facts, why = column.facts, ""
    words = set(clean(column.title).split("_"))
    few = max(2, min(MOST_CATEGORIES, facts.rows // _FEWEST_ROWS))
    if facts.nulls == facts.rows:
        why = "it is missing in every row"
    elif facts.distinct == 1:
        why = f"it is {facts.values[0]!r} in every row that has it"
    elif facts.free_text:
        why = "it is free text: write what matters in it as numbers or categories"
    elif facts.unique and facts.kind == "string":
        why = "it is different in every row, as an identifier is"
    elif facts.unique and facts.kind == "integer" and _IDENTIFIERS & words:
        why = "it is different in every row and called like an identifier"
    elif facts.unique and facts.kind == "integer" and facts.high - facts.low == facts.rows - 1:
        why = "it only numbers the rows"
    elif facts.kind == "string" and facts.distinct > few:
        remedy = "group them, or give it as ENTITY where other tables have its history"
        why = f"it has {facts.distinct} different values, more than {few}: {remedy}"
    return why


def _afterwards(column: Column, moments: Moments, database: duckdb.DuckDBPyConnection) -> str:
    """Say why a column may be known only after the question was asked, or nothing."""
    mine, label = quoted(column.name), moments.label
    if column.facts.kind == "timestamp":
        late = _count(database, f"{mine} > {quoted(moments.event_time.name)}")
        return f"it is after the event time in {late} rows: nobody knew it when the question was asked" if late else ""
    if label is None:
        return ""
    why, name = "", clean(column.title)
    if told := set(name.split("_")) & _AFTERWARDS:
        word = min(told)
        why = f"its name says {word!r}, as what is known only afterwards is called: if it was known, add it"
    elif name.startswith(f"{label.name}_") or label.name.startswith(f"{name}_"):
        why = f"its name is like that of the label {label.title}: if it was known before the answer, add it"
    elif label.facts.nulls and not _count(database, f"({mine} IS NULL) <> ({quoted(label.name)} IS NULL)"):
        why = f"it is missing in just those rows that lack the label {label.title}: it comes with the answer"
    return why


def _count(database: duckdb.DuckDBPyConnection, condition: str) -> int:
    row = database.execute(f"SELECT count_if({condition}) FROM rows").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _feature(column: Column, moments: Moments, database: duckdb.DuckDBPyConnection) -> Feature:
    facts, source = column.facts, f"{quoted(column.table)}.{quoted(column.name)}"
    made = Feature(
        name=column.name,
        kind=facts.kind,
        expression=source,
        description=f"{column.title} of {column.table}.",
        nullable=facts.nulls > 0,
        columns=(column.name,),
        gaps=f"missing in {share(facts.nulls / facts.rows)} of rows" if facts.nulls else "",
    )
    if facts.kind == "boolean":
        return made
    if facts.kind == "string":
        return replace(made, kind="category", categories=tuple(map(str, facts.values)))
    if facts.kind == "timestamp":
        return _since(made, column, moments, database)
    return replace(
        made, range=widened(facts.low, facts.high, whole=facts.kind == "integer"), seen=_seen(facts.low, facts.high)
    )


def _seen(low: float, high: float) -> str:
    return f"seen: {low:.4g} to {high:.4g}"


def _since(made: Feature, column: Column, moments: Moments, database: duckdb.DuckDBPyConnection) -> Feature:
    """A model takes no times: the time that had passed stands for one."""
    ends = f"'minute', {quoted(column.name)}, {quoted(moments.event_time.name)}"
    row: Any = database.execute(f"SELECT min(date_diff({ends})), max(date_diff({ends})) FROM rows").fetchone()  # noqa: S608
    asked = f"{quoted(column.table)}.{quoted(moments.event_time.name)}"
    return replace(
        made,
        name=f"minutes_since_{column.name}"[:LONGEST],
        kind="integer",
        expression=f"date_diff('minute', {made.expression}, {asked})",
        description=f"Minutes from {column.title} of {column.table} to the event time.",
        range=widened(row[0], row[1], whole=True),
        seen=_seen(*row),
        comment="a model takes no times, so the time that has passed stands for it",
    )


def of_moment(event_time: Column, rows: Table) -> Iterator[Feature]:
    """Propose what a calendar tells of the moment of the question."""
    at = quoted(event_time.name)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", rows.rows)
        row: Any = database.execute(
            f"SELECT count(DISTINCT isodow({at})), count(DISTINCT hour({at})) FROM rows"  # noqa: S608
        ).fetchone()
    source = f"{quoted(event_time.table)}.{at}"
    if row[0] > 1:
        said = "Day of the week of the question in UTC, 1 for Monday to 7."
        yield Feature("asked_weekday", "integer", f"isodow({source})", said, False, range=(1, 7))
    if row[1] > 1:
        said = "Hour of the day of the question in UTC, 0 to 23."
        yield Feature("asked_hour", "integer", f"hour({source})", said, False, range=(0, 23))


def of_history(history: History) -> Iterator[Feature | LeftOut]:
    """Propose what an entity's history tells: its newest row, the mean of five, how many, and how long ago."""
    table = history.table.source.name
    parts = {history.column.name: "", history.event_time.name: ""}
    for one in of_columns(history.table, Moments(history.event_time), parts):
        if isinstance(one, LeftOut):
            yield one
            continue
        bare = one.expression.replace(f"{quoted(table)}.", "")
        mine = replace(one, name=f"{table}_{one.name}"[:LONGEST], owner=history.name, nullable=True, expression=bare)
        yield replace(mine, description=f"{one.description[:-1]}, at the newest row.", gaps="whoever is new has none")
        if one.kind in ("integer", "number"):
            said = f"{one.description[:-1]}, mean of the newest five rows."
            mean = replace(mine, kind="number", expression=f"avg({bare}) OVER newest", description=said, comment="")
            yield replace(mean, name=f"{mine.name[: LONGEST - 7]}_mean_5", gaps="")
    many = f"Number of rows of {table} in the 30 days to the newest."
    yield Feature(
        f"{table}_rows_30d", "integer", "count(*) OVER month", many, True, range=(1, None), owner=history.name
    )
    age = f"Minutes since the newest row of {table}."
    name = f"minutes_since_{table}_{history.name}"[:LONGEST]
    yield Feature(name, "number", "", age, True, range=(0, None), owner=history.name, age=True)
