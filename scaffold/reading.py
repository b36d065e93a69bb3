"""The tables of a folder, read by the code that the jobs read raw data with."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from scaffold import facts
from scaffold.guess import Guess, guess
from scaffold.names import LONGEST
from scaffold.tables import TIMESTAMP_FORMS, Column, Table
from training.raw import RawFile, files, formats
from training.raw.rows import converted
from trial import layout
from workloads.problems import Problem, ProblemsError
from workloads.source_rules import column_name
from workloads.spec import Source

# What a partition is called after that says only when its rows happened, which the rows say themselves.
_TIME_PARTITIONS = frozenset(("year", "month", "day", "hour", "date", "dt", "ds", "week", "quarter"))
_AS_TEXT = "string"


@dataclass
class _Raw:
    """A table as its files hold it.

    Attributes
    ----------
    columns : dict of str to ChunkedArray
        By the name that a workload declares.
    titles : dict of str to str
        What the files call each of them.
    unfit : dict of str to str
        Columns of the files that no workload can declare, and why.
    lacking : set of str
        Columns that some files lack.
    no_text : dict of str to str
        Columns with values that are no texts, and the rule that a text would break.
    """

    columns: dict[str, pa.ChunkedArray] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    no_text: dict[str, str] = field(default_factory=dict)


def tables(found: Mapping[str, layout.Source]) -> dict[str, Table]:
    """Read every table of a folder, and learn what its columns are.

    Raises
    ------
    ProblemsError
        If a file cannot be read, or a table has no rows or only one column.
    """
    made, problems = {}, []
    for name, source in found.items():
        raw, wrong = _raw([RawFile(source.key(path), path.read_bytes) for path in source.files])
        rows = len(next(iter(raw.columns.values()))) if raw.columns else 0
        value = f"{source.place}: {rows} rows of {', '.join(raw.titles.values()) or 'no columns'}"
        if not wrong and not rows:
            remedy = "Fill it, or leave it out of the folder."
            wrong = [Problem(field="FROM", rule="hold tables with rows", value=value, remedy=remedy)]
        elif not wrong and len(raw.columns) < 2:
            remedy = "A model needs an answer and something to tell it by. Are the cells separated by commas?"
            wrong = [Problem(field="FROM", rule="hold tables of several columns", value=value, remedy=remedy)]
        problems += wrong
        if not wrong:
            made[name] = _table(source, raw)
    if problems:
        raise ProblemsError(problems)
    return made


def _raw(files_: Sequence[RawFile]) -> tuple[_Raw, list[Problem]]:
    """Read files without any declaration: typed where they have types, as texts where not."""
    made, problems = _Raw(), []
    pieces: list[dict[str, pa.ChunkedArray]] = []
    for file in files_:
        if kind := files.table_format(file.key):
            remedy = "Its files keep rows that were deleted: export the table as Parquet, and give the folder of that."
            return made, [_unreadable(file, f"be of plain files, not of a table of {kind}", remedy)]
        if not files.holds_rows(file.key):
            continue
        try:
            titles = _titles(file)
        except (pa.ArrowException, OSError, EOFError, ValueError, csv.Error) as error:
            problems.append(_unreadable(file, f"be a whole file of its kind ({error})", "Write it again."))
            continue
        named = _named(titles, made)
        if not named:
            continue
        declared = Source.model_construct(
            event_time="", columns=dict.fromkeys(named, _AS_TEXT), timestamps={}, optional=(), null_values=(), zone=None
        )
        found = formats.content(file, declared)
        # texts were asked for; what is none by its JSON type may be a number or a boolean
        made.no_text |= {one.field: one.rule for one in found.problems if one.field}
        if broken := [one for one in found.problems if not one.field]:
            problems += [_unreadable(file, one.rule, one.remedy, one.row) for one in broken]
            continue
        for name, value in files.partitions(file.key).items():
            if name not in _TIME_PARTITIONS and column_name(name) not in named:
                named |= _named([name], made)
                found.columns[column_name(name)] = pa.chunked_array(
                    [pa.repeat(pa.scalar(value, pa.string()), found.rows)]
                )
        if found.rows:
            pieces.append({name: found.columns[name] for name in named if name in found.columns})
    for name in made.titles:
        having = [piece[name] for piece in pieces if name in piece]
        if not having:
            continue
        if len(having) < len(pieces):
            made.lacking.add(name)
        rows = [len(next(iter(piece.values()))) for piece in pieces]
        parts = [piece.get(name, pa.chunked_array([pa.nulls(n)])) for piece, n in zip(pieces, rows, strict=True)]
        made.columns[name] = _one(parts)
    return made, problems


def _unreadable(file: RawFile, rule: str, remedy: str, row: int | None = None) -> Problem:
    where = file.key if row is None else f"{file.key}, row {row}"
    return Problem(field="FROM", rule=rule, value=where, remedy=remedy)


def _titles(file: RawFile) -> list[str]:
    """Return what the columns of a file are called in it."""
    body = formats.decompressed(file.read())
    if not body.strip():
        return []
    if body.startswith(b"PAR1"):
        return list(pq.ParquetFile(io.BytesIO(body)).schema_arrow.names)
    body = body.removeprefix(b"\xef\xbb\xbf")
    if ".json" in file.key.lower() or ".ndjson" in file.key.lower():
        lines = (json.loads(line) for line in body.splitlines() if line.strip())
        return list(dict.fromkeys(name for line in lines if isinstance(line, dict) for name in line))
    separator = "\t" if ".tsv" in file.key.lower() else ","
    return next(row for row in csv.reader(io.StringIO(body.decode("utf-8"), newline=""), delimiter=separator) if row)


def _named(titles: Sequence[str], made: _Raw) -> dict[str, str]:
    """Return the columns that a workload can declare, by the name that it declares them by."""
    by_name: dict[str, list[str]] = {}
    for title in titles:
        by_name.setdefault(column_name(title), []).append(title)
    named = {}
    for name, alike in by_name.items():
        if len(alike) > 1:
            why = f"{' and '.join(alike)} are called alike in all but signs and case: rename one in the files"
            made.unfit |= dict.fromkeys(alike, why)
        elif not name[:1].isalpha() or len(name) > LONGEST:
            why = "its name has no letter to begin with: give it one in the files, as size_2 for 2nd size"
            made.unfit[alike[0]] = why if len(name) <= LONGEST else f"its name has more than {LONGEST} characters"
        else:
            named[name] = made.titles.setdefault(name, alike[0])
    return named


def _one(parts: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Put the pieces of a column together, as texts where they are of several types."""
    tables = [pa.table({"v": part}) for part in parts]
    try:
        return pa.concat_tables(tables, promote_options="permissive")["v"]
    except pa.ArrowException:
        texts = [pa.table({"v": part.cast(pa.string())}) for part in parts]
        return pa.concat_tables(texts)["v"]


def _table(source: layout.Source, raw: _Raw) -> Table:
    columns, typed, unfit, tokens = {}, {}, dict(raw.unfit), set()
    guessed = {name: guess(raw.titles[name], values) for name, values in raw.columns.items()}
    for one in guessed.values():
        tokens |= set(one.missing if one else ())
    for name, values in raw.columns.items():
        found = guessed[name]
        if found is None:
            unfit[raw.titles[name]] = f"it holds {values.type}, which is no one value a row"
            continue
        if found.kind == "string" and name in raw.no_text:
            unfit[raw.titles[name]] = f"its values must all {raw.no_text[name]}, and some are not: mend the files"
            continue
        made, found = _converted(values, name, found, tuple(sorted(tokens)))
        typed[name] = made
        columns[name] = found
    rows = pa.table(typed)
    known = facts.look(rows, {name: found.kind for name, found in columns.items()})
    return Table(
        source=source,
        columns={
            name: Column(source.name, raw.titles[name], name, columns[name].time, known[name]) for name in columns
        },
        rows=rows,
        unfit=unfit,
        optional=tuple(name for name in columns if name in raw.lacking),
        null_values=tuple(sorted(tokens)),
    )


def _converted(
    values: pa.ChunkedArray, name: str, found: Guess, missing: tuple[str, ...]
) -> tuple[pa.ChunkedArray, Guess]:
    """Read a column by its guessed type, or as text where it does not bear that."""
    for one in (found, Guess("string")):
        form = {name: TIMESTAMP_FORMS[one.time]} if one.time in TIMESTAMP_FORMS else {}
        declared = Source(
            description="guessed",
            event_time=name,
            columns={name: one.kind},
            timestamps=form,
            zone="UTC",
            null_values=missing,
        )
        made, wrong = converted(values, name, declared)
        if not wrong:
            return made, one
    return values.cast(pa.string()), Guess("string")
