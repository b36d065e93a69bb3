"""A workload's SQL, run on empty tables of the declared types: what does not fit is told before there are data."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from workloads import columns, moving
from workloads.columns import Location, Wanted
from workloads.database import connect
from workloads.fields import Source, Workload
from workloads.problems import Problem
from workloads.statements import Script, Statement

_ALONE = "Features come from the declared sources alone: add what you need as a source."

PlaceOf = Callable[[Location], str]


def problems(
    sources: Mapping[str, Source], workload: Workload | None, path: Path, place_of: PlaceOf
) -> Iterator[Problem]:
    """Find what is wrong with a workload's SQL.

    Parameters
    ----------
    sources : mapping of str to Source
        What the SQL may read.
    workload : Workload, optional
        What the SQL must give; without it, because the file has problems of its own, the SQL is only run.
    path : Path
        The ``features.sql``.
    place_of : callable
        Gives the ``file:line`` of a field of the workload file.
    """
    try:
        script = Script(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        place, rule = f"{path}:1", "be UTF-8 text"
        yield Problem(field="file", rule=rule, value=str(path), remedy="Save the file as UTF-8.", place=place)
        return
    with connect(threads="1", errors_as_json="true") as database:
        trial = _Trial(sources, path, script, database)
        broken = list(trial.run())
        yield from broken
        if workload is not None:
            yield from trial.compare(workload, place_of)
        if workload is not None and not broken:
            yield from trial.unused(workload, place_of)


def place(workload: Workload, view: str, column: str) -> str:
    """Return the ``file:line`` at which a view most likely writes a column, for what only its rows can tell."""
    path = workload.folder / "features.sql"
    script = Script(path.read_text(encoding="utf-8"))
    made = [one for one in script.statements if one.makes == "VIEW" and one.name.lower() == view.lower()]
    return f"{path.name}:{script.line(made[0].place_of(column)) if made else 1}"


@dataclass(frozen=True)
class _View:
    statement: Statement
    columns: dict[str, str]  # in lower case -> DuckDB's type


class _Trial:
    """The statements, run one after the other on empty tables."""

    def __init__(
        self, sources: Mapping[str, Source], path: Path, script: Script, database: duckdb.DuckDBPyConnection
    ) -> None:
        self._sources, self._path, self._script, self._database = sources, path, script, database
        self._views: dict[str, _View] = {}
        self._broken: set[str] = set()  # in lower case; what builds on them is not blamed
        for name, source in sources.items():
            declared = ", ".join(f"{_quoted(column)} {columns.TYPES[kind]}" for column, kind in source.columns.items())
            database.execute(f"CREATE TABLE {_quoted(name)} ({declared})")

    def run(self) -> Iterator[Problem]:
        """Run each statement, and say what is wrong with it alone."""
        for statement in self._script.statements:
            found = list(self._run(statement))
            if found:  # what a statement that cannot be read was to make, nobody knows
                self._broken |= {statement.name.lower()} if statement.makes else statement.names
            yield from found

    def _run(self, statement: Statement) -> Iterator[Problem]:
        if not statement.makes and not self._is_misspelt(statement):
            rule, value = "only make views and macros", statement.text.split("\n")[0]
            yield self._problem("features.sql", rule, value, f"Remove this statement. {_ALONE}", statement.start)
            return
        name = statement.name if statement.makes else "features.sql"
        if statement.renames:
            remedy = "Name each column in the query, with AS."
            yield self._problem(name, "have no list of columns behind its name", name, remedy, statement.start)
            return
        if name.lower() in self._views:
            remedy = "Remove one of the two, or give it another name."
            yield self._problem(name, "be made once", name, remedy, statement.start)
            return
        try:
            self._database.execute(statement.text)
            if statement.makes == "VIEW":
                yield from self._look_at(name, statement)
        except duckdb.Error as error:
            yield from self._blamed(name, statement, error)

    def _is_misspelt(self, statement: Statement) -> bool:
        """Say whether DuckDB cannot read a statement, so that nobody knows what it was meant to make."""
        try:
            self._database.extract_statements(statement.text)
        except duckdb.Error:
            return True
        return False

    def _look_at(self, name: str, statement: Statement) -> Iterator[Problem]:
        """Take down a view's columns, and refuse what would make them other ones in the next run."""
        body, start = statement.body
        given = [(column.lower(), str(kind)) for column, kind, *_ in self._database.execute(body).description or ()]
        self._views[name.lower()] = _View(statement, dict(given))
        for column in sorted(column for column, count in Counter(name for name, _ in given).items() if count > 1):
            remedy = (
                "Remove one of the two, or give it another name with AS; DuckDB would call the second another name."
            )
            yield self._problem(f"{name}.{column}", "be given once", column, remedy, statement.place_of(column))
        for word, at in moving.parts(self._tree(body)):
            rule = "depend on nothing but its sources"
            remedy = (
                "It gives another answer in each run: take the moment from a column, and choose rows by their values."
            )
            yield self._problem(name, rule, word, remedy, start + at)

    def _tree(self, body: str) -> Any:
        found = self._database.execute("SELECT json_serialize_sql(?)", [body]).fetchone()
        return json.loads(found[0]) if found else {}

    def _blamed(self, name: str, statement: Statement, error: duckdb.Error) -> Iterator[Problem]:
        """Say what DuckDB refused, unless a view before it is the reason."""
        said = _said(error)
        at = statement.start + int(said.get("position", 0))
        subject = self._script.text(at, int(said.get("location", "[0,0]").strip("[]").split(",")[1]))
        message = said["exception_message"].split("\n")[0].rstrip(".")
        kind = said.get("error_subtype", said["exception_type"])
        if kind == "Permission":
            yield self._problem(name, "read nothing but its sources", subject or statement.text, _ALONE, at)
        elif kind == "MISSING_ENTRY" and said.get("type") == "Table":
            if said["name"].lower() in self._broken:
                self._broken.add(name.lower())
                return
            rule = "read sources and views that are made before it"
            yield self._problem(name, rule, said["name"], self._instead_of_table(said["name"]), at)
        elif kind == "COLUMN_NOT_FOUND" or "does not have a column named" in message:
            remedy = self._instead_of_column(subject, said.get("candidates", ""))
            yield self._problem(name, "name columns that are there", subject, remedy, at)
        else:
            yield self._problem(name, "be SQL that DuckDB can run", subject or name, f"DuckDB says: {message}.", at)

    def _instead_of_table(self, name: str) -> str:
        for statement in self._script.statements:
            if statement.makes and statement.name.lower() == name.lower():
                return f"That view is made on line {self._script.line(statement.start)}: move it up."
        known = [*self._sources, *self._views]
        return _similar(name, known) or f"There are {', '.join(known)}: add it to `sources`, or correct it."

    def _instead_of_column(self, name: str, candidates: str) -> str:
        table, _, column = name.rpartition(".")
        known = list(self._views[table].columns if table in self._views else ())
        known += self._sources[table].columns if table in self._sources else candidates.split(",")
        remedy = "Add it to the source's columns in workload.yaml, or correct it."
        return _similar(column, known) or (f"There are {', '.join(known)}. {remedy}" if any(known) else remedy)

    def compare(self, workload: Workload, place_of: PlaceOf) -> Iterator[Problem]:
        """Compare what the views give with what the workload file names."""
        named: dict[str, Location] = {workload.examples.view: ("examples", "view")}
        named |= {entity.view: ("entities", name, "view") for name, entity in workload.entities.items()}
        made = {statement.name.lower() for statement in self._script.statements if statement.makes == "VIEW"}
        for view, location in named.items():
            if view not in self._views and view not in self._broken:
                remedy = _similar(view, made - named.keys()) or "Add it to features.sql, or name another one."
                rule = "be a view that features.sql makes"
                yield Problem(field=_dotted(location), rule=rule, value=view, remedy=remedy, place=place_of(location))
        for one in columns.wanted(workload):
            if one.view in self._views and one.view not in self._broken:
                yield from self._column(one, self._views[one.view])

    def _column(self, one: Wanted, view: _View) -> Iterator[Problem]:
        field, where = f"{one.view}.{one.column}", _dotted(one.location)
        made = view.columns.get(one.column)
        if made is None:
            others = [other for other, found in self._views.items() if one.column in found.columns]
            remedy = (
                f"The view {others[0]} has one: correct `from`."
                if others and one.location[0] == "features"
                else _similar(one.column, view.columns)
                or "Add it to the view, or name another column in workload.yaml."
            )
            yield Problem(
                field=field,
                rule=f"be a column of its view, as {where} says",
                missing=True,
                remedy=remedy,
                place=self._place(view.statement.start),
            )
        elif not columns.fits(made, one.kind):
            remedy = columns.remedy(one.column, made, one.kind, one.location)
            rule = f"be of type {one.kind}, as {where} says"
            yield self._problem(field, rule, made.strip('"'), remedy, view.statement.place_of(one.column))

    def unused(self, workload: Workload, place_of: PlaceOf) -> Iterator[Problem]:
        """Find views and sources that nothing reads: most often a name that is written in two ways."""
        named = {workload.examples.view, *(entity.view for entity in workload.entities.values())}
        for name, view in self._views.items():
            others = (other.names for other in self._script.statements if other is not view.statement)
            if name not in named and not any(name in names for names in others):
                rule = "be read by another view, or named in workload.yaml"
                yield self._problem(name, rule, name, "Remove it, or name it.", view.statement.start)
        mentioned = frozenset[str]().union(*(statement.names for statement in self._script.statements))
        for name in self._sources:
            if name.lower() not in mentioned:
                place, rule = place_of(("sources", name)), "be read by a view of features.sql"
                remedy = "Remove the source, which every run would read for nothing, or read it."
                yield Problem(field=f"sources.{name}", rule=rule, value=name, remedy=remedy, place=place)

    def _problem(self, field: str, rule: str, value: str, remedy: str, at: int) -> Problem:
        return Problem(field=field, rule=rule, value=value, remedy=remedy, place=self._place(at))

    def _place(self, at: int) -> str:
        return f"{self._path}:{self._script.line(at)}"


def _said(error: duckdb.Error) -> dict[str, Any]:
    """Read what DuckDB says of an error, which is JSON behind the name of its kind."""
    kind, _, rest = str(error).partition(": ")
    try:
        return dict(json.loads(rest))
    except json.JSONDecodeError:
        return {"exception_type": kind.removesuffix(" Error"), "exception_message": str(error)}


def _similar(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else ""


def _dotted(location: Location) -> str:
    return ".".join(map(str, location))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
