"""Sources from their files: what is needed for some dates, in the declared types, or all that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from agreements import prefixes
from training.raw import files as keys
from training.raw import values
from training.raw.files import RawFile
from training.raw.problems import RawDataError, RawProblem
from training.raw.rows import FileRows, of_file
from workloads.spec import Source

_READERS = 8
# A partition's day may be of another zone than UTC; what lies further off shows that it is no day of events.
_SLACK = timedelta(days=1)
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Stream:
    """The rows of a source.

    Attributes
    ----------
    table : pyarrow.Table
        The declared columns in their declared types; all rows of the dates, and what else lay beside them.
    keys : tuple of str
        Files that gave rows of the dates.
    files, empty : int
        Files that were read, and those of them that hold no row.
    unread : int
        Files that were left out by their layout.
    skipped : int
        Rows of other dates that were left out by the statistics of Parquet files.
    absent : dict of str to int
        By optional column, how many files lack it.
    without_event_time : int
        Rows that were left out because they have none.
    """

    table: pa.Table
    keys: tuple[str, ...]
    files: int
    empty: int
    unread: int
    skipped: int
    absent: dict[str, int]
    without_event_time: int

    def describe(self) -> dict[str, Any]:
        """Return what is to be known of how it was read."""
        return {item.name: getattr(self, item.name) for item in fields(self)[2:]}

    def __str__(self) -> str:
        """One line."""
        parts = [f"{self.table.num_rows} rows of {self.files} files"]
        parts += [f"{self.empty} of them empty"] if self.empty else []
        parts += [f"{files} of them without {column}, which is null there" for column, files in self.absent.items()]
        parts += [f"{self.without_event_time} rows without an event time left out"] if self.without_event_time else []
        return "; ".join(parts)


@dataclass(frozen=True)
class _Dates:
    """The dates of a run, as far as they hold for a source."""

    start: datetime
    end: datetime

    def meet(self, first: datetime, last: datetime) -> bool:
        """Tell whether a moment between two may lie between the dates."""
        return first < self.end and last >= self.start

    def near(self, key: str) -> bool:
        """Tell whether a file must be read, by what its layout says."""
        covered = keys.period(key)
        return covered is None or self.meet(covered[0] - _SLACK, covered[1] + _SLACK)

    def rows(self, table: pa.Table, event_time: str) -> int:
        """Count rows between the dates."""
        at = table[event_time]
        inside = pc.and_(
            pc.greater_equal(at, pa.scalar(self.start, at.type)), pc.less(at, pa.scalar(self.end, at.type))
        )
        return int(pc.sum(inside).as_py() or 0)


def read(name: str, source: Source, files: Sequence[RawFile]) -> pa.Table:
    """Read all rows of a source.

    Parameters
    ----------
    name : str
        Of the source, below ``raw/``.
    source : Source
        Its declaration.
    files : sequence of RawFile
        What lies below its prefix, in any order.

    Returns
    -------
    pyarrow.Table
        The declared columns in their declared types.

    Raises
    ------
    RawDataError
        With every rule that a file breaks.
    """
    return read_all({name: source}, {name: files})[name].table


def read_all(
    sources: Mapping[str, Source],
    files: Mapping[str, Sequence[RawFile]],
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, Stream]:
    """Read the rows of every source that some dates need; without dates, all of them.

    A file is left out if its layout says that it covers other dates, and a part of a Parquet file if its statistics
    do. Where a file holds rows of other dates than its layout says, the layout is no matter of events' time, and all
    files of the source are read. A reference source's rows count whenever they happened before the end.

    Parameters
    ----------
    sources : mapping of str to Source
        By name.
    files : mapping of str to sequence of RawFile
        What lies below each prefix, in any order.
    start, end : datetime, optional
        From when, and before when.

    Raises
    ------
    RawDataError
        With every rule that a file of a source breaks.
    """
    streams, problems = {}, []
    for name, source in sources.items():
        first = _FIRST if source.reference or start is None else start
        stream, wrong = _stream(name, source, files.get(name, ()), _Dates(first, end or _LAST))
        streams[name] = stream
        problems += wrong
    if problems:
        raise RawDataError(problems)
    return streams


def _stream(name: str, source: Source, files: Sequence[RawFile], dates: _Dates) -> tuple[Stream, list[RawProblem]]:
    prefix = prefixes.source(name)
    logs = {kind for file in files if (kind := keys.table_format(file.key))}
    if logs:
        rule = f"hold plain files, not a table of {' and '.join(sorted(logs))}"
        remedy = "Its files keep rows that were deleted from the table: export the table as Parquet, and load that."
        return _joined(source, [], 0, dates), [RawProblem(prefix, rule, remedy)]
    every = sorted((file for file in files if keys.holds_rows(file.key)), key=lambda file: file.key)
    near = [file for file in every if dates.near(file.key)]
    with ThreadPoolExecutor(_READERS) as readers:
        read = list(readers.map(lambda file: of_file(file, source, dates.meet), near))
        by_layout = [file for file in near if keys.period(file.key)]
        if len(near) < len(every) and (not by_layout or any(_astray(rows, source) for rows in read)):
            rest = [file for file in every if file not in near]
            read += readers.map(lambda file: of_file(file, source, dates.meet), rest)
    read.sort(key=lambda rows: rows.key)
    problems = [problem for rows in read for problem in rows.problems]
    stream = _joined(source, read, len(every) - len(read), dates)
    if not problems and not stream.unread and not stream.skipped and stream.empty == stream.files:
        got = f"{stream.files} files without rows" if stream.files else "no files"
        problems = [RawProblem(prefix, "hold rows", "Load some, or take the source out of the workload.", value=got)]
    return stream, problems


def _joined(source: Source, read: Sequence[FileRows], unread: int, dates: _Dates) -> Stream:
    schema = pa.schema([(column, values.ARROW_TYPES[kind]) for column, kind in source.columns.items()])
    tables = [rows.table for rows in read if rows.table is not None]
    absent = [column for rows in read for column in rows.absent]
    return Stream(
        table=pa.concat_tables([schema.empty_table(), *tables]),
        keys=tuple(rows.key for rows in read if rows.table is not None and dates.rows(rows.table, source.event_time)),
        files=len(read),
        empty=sum(rows.table is not None and not rows.table.num_rows and not rows.skipped for rows in read),
        unread=unread,
        skipped=sum(rows.skipped for rows in read),
        absent={column: absent.count(column) for column in source.columns if column in absent},
        without_event_time=sum(rows.dropped for rows in read),
    )


def _astray(rows: FileRows, source: Source) -> bool:
    """Tell whether a file holds rows of another time than its layout says."""
    covered = keys.period(rows.key)
    if covered is None:
        return False
    extremes = pc.min_max(rows.table[source.event_time]).as_py().values() if rows.table is not None else ()
    seen = [*rows.seen, *(moment for moment in extremes if moment is not None)]
    return any(not covered[0] - _SLACK <= moment < covered[1] + _SLACK for moment in seen)
