"""The rows of one file: its columns by their names in the file or its path, in their declared types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from training.raw import files as keys
from training.raw import formats, values
from training.raw.content import Content
from training.raw.files import RawFile
from training.raw.moments import moments
from training.raw.problems import RawProblem
from training.raw.values import Broken, Converted
from workloads.source_rules import column_name
from workloads.spec import Source


@dataclass
class FileRows:
    """What became of one file.

    Attributes
    ----------
    key : str
        The file's.
    table : pyarrow.Table, optional
        The declared columns in their declared types; None where something is wrong.
    seen : list of datetime
        Event times that its statistics name.
    problems : list of RawProblem
        Every rule that it breaks.
    absent : list of str
        Optional columns that it lacks.
    skipped : int
        Rows of other dates that were left out by its statistics.
    dropped : int
        Rows that were left out because they have no event time.
    """

    key: str
    table: pa.Table | None = None
    seen: list[datetime] = field(default_factory=list)
    problems: list[RawProblem] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    skipped: int = 0
    dropped: int = 0


def of_file(file: RawFile, source: Source, meet: Callable[[datetime, datetime], bool]) -> FileRows:
    """Read one file.

    Parameters
    ----------
    file : RawFile
    source : Source
        Whose it is.
    meet : callable
        Tells whether rows from a first to a last event time may be wanted; parts of the file that hold others are left
        out where its format says so.
    """
    made = FileRows(file.key)

    def keep(bounds: pa.ChunkedArray) -> bool:
        moments, wrong = converted(bounds, source.event_time, source)
        if wrong:
            return True  # reading it says what is wrong
        first, last = moments.to_pylist()
        made.seen += [first, last]
        return meet(first, last)

    found = formats.content(file, source, keep)
    made.problems += found.problems
    made.skipped = sum(rows for _, rows in found.skipped)
    if made.problems:
        return made
    if not found.rows:
        made.table = pa.table({column: values.nothing(0, kind) for column, kind in source.columns.items()})
        return made
    columns = {column: _column(file, source, column, found, made) for column in source.columns}
    if made.problems:
        return made
    table = pa.table(columns)
    unknown = pc.is_null(table[source.event_time])
    if missing := int(pc.sum(unknown).as_py() or 0):
        if source.without_event_time == "drop":
            table, made.dropped = table.filter(pc.invert(unknown)), missing
        else:
            remedy = "A row counts as known from then on: load a moment, or say `without_event_time: drop`."
            row = found.number(pc.index(unknown, True).as_py())
            made.problems.append(RawProblem(file.key, "have a value", remedy, source.event_time, row, None, missing))
    made.table = table
    return made


def _column(file: RawFile, source: Source, column: str, found: Content, made: FileRows) -> pa.ChunkedArray:
    """Return a declared column of a file, and note what is wrong with it."""
    of_path = {column_name(name): value for name, value in keys.partitions(file.key).items()}
    kind = source.columns[column]
    in_path = column_name(column) in of_path
    if in_path:
        text = pa.chunked_array([pa.repeat(pa.scalar(of_path[column_name(column)], pa.string()), found.rows)])
        partition, wrong = converted(text, column, source)
        made.problems += [_problem(file, column, found, one) for one in wrong[:1]]
    if column in found.columns:
        content, wrong = converted(found.columns[column], column, source)
        made.problems += [_problem(file, column, found, one) for one in wrong]
        if in_path and not wrong:
            differs = pc.invert(pc.fill_null(pc.equal(content, partition), False))
            remedy = "The path and the file name the same column: load the file to its own partition."
            wrong = values.broken(differs, content, "be what its path says", remedy)
            made.problems += [_problem(file, column, found, one) for one in wrong]
        return content
    if in_path:
        return partition
    if column in source.optional:
        made.absent.append(column)
    else:
        remedy = "Load the file again with it; where the column came later, list it in the source's `optional`."
        made.problems.append(RawProblem(file.key, "be a column of the file", remedy, column))
    return values.nothing(found.rows, kind)


def _problem(file: RawFile, column: str, found: Content, broken: Broken) -> RawProblem:
    row = None if broken.index is None else found.number(broken.index)
    return RawProblem(file.key, broken.rule, broken.remedy, column, row, broken.value, broken.rows)


def converted(given: pa.ChunkedArray, column: str, source: Source) -> Converted:
    """Read values of a column as its source declares them, or say which rules they break."""
    kind = source.columns[column]
    if pa.types.is_null(given.type):
        return values.nothing(len(given), kind), []
    try:
        plain = values.plain(given)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        return values.of_type(given, kind, f"be of type {kind} ({error})", "Load the file again.")
    if source.null_values and pa.types.is_string(plain.type):
        none = pc.is_in(plain, value_set=pa.array(source.null_values, pa.string()))
        plain = pc.if_else(none, pa.scalar(None, pa.string()), plain)
    if kind == "timestamp":
        return moments(plain, column, source)
    return {
        "string": values.string,
        "integer": values.integer,
        "number": values.number,
        "boolean": values.boolean,
    }[kind](plain)
