"""Which column of the data has which part in a workload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scaffold.facts import share
from scaffold.label import Label
from scaffold.tables import Column, Table


@dataclass(frozen=True)
class History:
    """An entity: a column of the examples whose history another table has.

    Attributes
    ----------
    name : str
        What the workload calls it.
    key : Column
        In the examples' table.
    table : Table
        With the history.
    column, event_time : Column
        The key and the time in that table.
    """

    name: str
    key: Column
    table: Table
    column: Column
    event_time: Column


@dataclass(frozen=True)
class Choice:
    """Which column has which part.

    Attributes
    ----------
    table : Table
        With a row for each example.
    label : Label
        What is predicted.
    event_time : Column
        When the question is asked.
    known_at : Column, optional
        When the label became known, where a column says it.
    known_at_guessed : bool
        Whether nobody said so.
    horizon : str
        How long after the event time it became known, where none does: an SQL interval.
    record_id : Column, optional
        What identifies an example, where a column does.
    histories : tuple of History
        By entity.
    """

    table: Table
    label: Label
    event_time: Column
    known_at: Column | None
    known_at_guessed: bool
    horizon: str
    record_id: Column | None
    histories: tuple[History, ...]


def said(choice: Choice, tables: Mapping[str, Table], say: Callable[[str, str], None]) -> None:
    """Tell what was chosen and why, and which tables have no part."""
    facts = choice.label.column.facts
    say("examples", f"{choice.table.source.place}: {facts.rows:,} rows")
    missing = f", {share(facts.nulls / facts.rows)} of rows without an answer" if facts.nulls else ""
    say("label", f"{choice.label.column.title}, a {choice.label.kind} ({choice.label.why}){missing}")
    say("event time", f"{choice.event_time.title}, {choice.event_time.about}")
    say("known at", _known(choice))
    say("record id", choice.record_id.title if choice.record_id else "computed of the row's content")
    for history in choice.histories:
        say("entity", f"{history.name}: {history.key.title}, with its history in {history.table.source.place}")
    used = {choice.table.source.name, *(history.table.source.name for history in choice.histories)}
    for name in sorted(tables.keys() - used):
        shared = sorted(tables[name].columns.keys() & choice.table.columns.keys() - {choice.event_time.name})
        how = f"; ENTITY={shared[0]} would take its history in" if shared else ""
        say("left alone", f"{tables[name].source.place}{how}")


def _known(choice: Choice) -> str:
    if choice.known_at is None:
        return f"assumed: {choice.horizon} after the event time"
    return choice.known_at.title + (
        ", the one time that is never before the event time" if choice.known_at_guessed else ""
    )
