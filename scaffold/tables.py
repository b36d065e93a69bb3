"""The tables of a folder with what their columns are and hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from scaffold.facts import Facts
from scaffold.names import clean, meant
from trial.layout import Source
from workloads.problems import Problem
from workloads.values import TimestampForm

UNITS = ("s", "ms", "us", "ns")
"""Units of an epoch, as `Column.time` has them."""
TIMESTAMP_FORMS: Mapping[str, TimestampForm] = {
    "s": "epoch_s",
    "ms": "epoch_ms",
    "us": "epoch_us",
    "ns": "epoch_ns",
    "date": "start_of_day",
}
"""What a source has to declare of a timestamp, by how it is written."""
_MOMENT = ("event", "occurred", "happened", "created", "started", "start", "requested", "asked", "opened", "timestamp")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    table : str
        The name of its source.
    title, name : str
        What the files call it, and what the workload declares.
    time : str
        How a timestamp is written; see `scaffold.guess.Guess`.
    facts : Facts
        What the data say about it.
    """

    table: str
    title: str
    name: str
    time: str
    facts: Facts

    @property
    def about(self) -> str:
        """A few words for whoever has to choose among columns."""
        facts = self.facts
        if facts.kind == "timestamp":
            written = f", {self.time} since 1970" if self.time in UNITS else ""
            return f"{facts.low:%Y-%m-%d} to {facts.high:%Y-%m-%d}{written}" if facts.low else "a time, never there"
        if facts.kind == "boolean" or facts.binary:
            return "boolean" if facts.kind == "boolean" else "0 or 1"
        if 0 < len(facts.values) <= 12:
            return f"{facts.kind}, {facts.distinct} values"
        return f"{facts.kind}, {facts.distinct} different ones"


@dataclass(frozen=True)
class Table:
    """A source with its columns.

    Attributes
    ----------
    source : Source
        Where its files lie.
    columns : dict of str to Column
        By the name that a workload declares, in the files' order.
    rows : Table
        The columns by the same names, in the types that were guessed.
    unfit : dict of str to str
        Columns of the files that no workload can declare, and why.
    optional : tuple of str
        Columns that some files lack.
    null_values : tuple of str
        Texts that stand for no value.
    """

    source: Source
    columns: Mapping[str, Column]
    rows: pa.Table
    unfit: Mapping[str, str]
    optional: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()

    @property
    def times(self) -> list[Column]:
        """The columns that may say when a row happened, the likeliest first."""
        found = [column for column in self.columns.values() if column.facts.kind == "timestamp" and column.facts.low]
        return sorted(found, key=_unlikely_moment)


def _unlikely_moment(column: Column) -> tuple[int, int]:
    words = clean(column.title).split("_")
    return column.facts.nulls, min((_MOMENT.index(word) for word in words if word in _MOMENT), default=len(_MOMENT))


def find(wanted: str, tables: Mapping[str, Table], field: str) -> Column | Problem:
    """Find the column that ``source.column`` or ``column`` names.

    Parameters
    ----------
    wanted : str
        Names as they are in the files or in the workload.
    tables : mapping of str to Table
        Where it may be.
    field : str
        What a problem is called after.
    """
    owner, dot, rest = wanted.partition(".")
    if dot and clean(owner) in tables:
        tables, wanted = {clean(owner): tables[clean(owner)]}, rest
    hits = [column for table in tables.values() for column in _named(wanted, table)]
    if len(hits) == 1:
        return hits[0]
    if hits:
        remedy = f"Say which one: {', '.join(f'{hit.table}.{hit.title}' for hit in hits)}."
        return Problem(field=field, rule="be a column of one table", value=wanted, remedy=remedy)
    known = [column.title for table in tables.values() for column in table.columns.values()]
    where = f"of {', '.join(tables)}"
    return Problem(field=field, rule=f"be a column {where}", value=wanted, remedy=meant(wanted, known))


def _named(wanted: str, table: Table) -> list[Column]:
    exact = [column for column in table.columns.values() if wanted in (column.title, column.name)]
    return exact[:1] or [column for column in table.columns.values() if clean(column.title) == clean(wanted)]
