"""From a file's bytes to its declared columns, as they were written."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from training.raw.files import RawFile
from training.raw.problems import RawProblem
from workloads.source_rules import column_name
from workloads.spec import ColumnType, Source

_PARQUET = b"PAR1"
_PARQUET_NAMES = (".parquet", ".parq", ".pq")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_JSON_NAMES = (".jsonl", ".ndjson", ".json")
_COMPRESSED_NAMES = (".gz", ".gzip", ".zst", ".zstd", ".bz2")
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_JSON_TYPES: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.string(),
}
_RELOAD = "Load the file again."

Keep = Callable[[pa.ChunkedArray], bool]
"""Whether rows between the smallest and the largest of two event times may be wanted."""


@dataclass
class Content:
    """What a file holds of a source.

    Attributes
    ----------
    columns : dict of str to pyarrow.ChunkedArray
        By declared name, those that are there, in whichever type they were written.
    rows : int
        How many there are.
    problems : list of RawProblem
        Why it cannot be read.
    skipped : list of tuple of int
        Rows of a Parquet file that were left out: before which row of the columns, and how many.
    """

    columns: dict[str, pa.ChunkedArray] = field(default_factory=dict)
    rows: int = 0
    problems: list[RawProblem] = field(default_factory=list)
    skipped: list[tuple[int, int]] = field(default_factory=list)

    def number(self, index: int) -> int:
        """Return a row's number in the file, counted from 1, by its position in the columns."""
        return index + 1 + sum(rows for before, rows in self.skipped if before <= index)


def content(file: RawFile, source: Source, keep: Keep | None = None) -> Content:
    """Read a file's declared columns.

    Parameters
    ----------
    file : RawFile
        Parquet, CSV or JSON Lines, by its name; compressed or not, by its first bytes.
    source : Source
        Which declares them.
    keep : callable, optional
        Told the smallest and the largest event time of a part of the file, decides whether it is read.
    """
    if file.open is not None and file.key.lower().endswith(_PARQUET_NAMES):
        return _safely(file, lambda: _parquet(file, source, file.open(), keep))  # type: ignore[misc]
    body = file.read()
    if not body:
        return Content()
    return _safely(file, lambda: _body(file, source, body, keep))


def _safely(file: RawFile, read: Callable[[], Content]) -> Content:
    try:
        return read()
    except (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        return Content(problems=[RawProblem(file.key, f"be a whole file of its kind ({error})", _RELOAD)])


def _body(file: RawFile, source: Source, body: bytes, keep: Keep | None) -> Content:
    body = decompressed(body)
    if body.startswith(_PARQUET):
        return _parquet(file, source, io.BytesIO(body), keep)
    name = file.key.lower()
    while name.endswith(_COMPRESSED_NAMES):
        name = name.rpartition(".")[0]
    ending = "." + name.rpartition(".")[2]
    if not body.strip():
        return Content()
    if ending in _SEPARATORS:
        return _csv(file, source, body, _SEPARATORS[ending])
    if ending in _JSON_NAMES:
        return _json(file, source, body)
    if ending in _PARQUET_NAMES:
        return Content(problems=[RawProblem(file.key, "be a Parquet file", "Load it again, or name it by its kind.")])
    remedy = (
        "Name it by what it is: .parquet, .csv, .tsv, .jsonl or .json (JSON Lines), each also with .gz, .zst or .bz2. "
        "What holds no rows gets a name that begins with _, or lies elsewhere."
    )
    return Content(problems=[RawProblem(file.key, "be Parquet, CSV or JSON Lines", remedy)])


def decompressed(body: bytes) -> bytes:
    """Return the content of a file that may be compressed, by its first bytes."""
    kind = next((kind for magic, kind in _MAGIC.items() if body.startswith(magic)), None)
    if kind == "gzip":
        return gzip.decompress(body)
    if kind == "bz2":
        return bz2.decompress(body)
    return pa.CompressedInputStream(pa.BufferReader(body), kind).read() if kind else body


def _matched(file: RawFile, source: Source, names: Sequence[str]) -> tuple[dict[str, str], list[RawProblem]]:
    """Find the columns of a file, by declared name."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(column_name(name), []).append(name)
    columns, problems = {}, []
    for declared in source.columns:
        alike = found.get(column_name(declared), [])
        if len(alike) > 1:
            rule, remedy = f"be one column, and {', '.join(alike)} are {len(alike)}", "Load the file with one of them."
            problems.append(RawProblem(file.key, rule, remedy, declared))
        elif alike:
            columns[declared] = alike[0]
    return columns, problems


def _parquet(file: RawFile, source: Source, handle: BinaryIO | io.RawIOBase, keep: Keep | None) -> Content:
    # Spark and Impala write 96-bit timestamps, which as nanoseconds would not reach beyond the year 2262
    parquet = pq.ParquetFile(handle, coerce_int96_timestamp_unit="us", pre_buffer=True)
    schema = parquet.schema_arrow
    columns, problems = _matched(file, source, schema.names)
    made = Content(problems=problems)
    if problems:
        return made
    groups, position = [], 0
    bounds = _bounds(parquet, columns.get(source.event_time), schema)
    for group in range(parquet.num_row_groups):
        rows, between = parquet.metadata.row_group(group).num_rows, bounds(group)
        if keep is None or between is None or keep(between):
            groups.append(group)
            position += rows
        else:
            made.skipped.append((position, rows))
    # all columns are read where one has a dot in its name, which would be a path into a nested one
    chosen = list(columns.values())
    table = parquet.read_row_groups(groups, columns=None if any("." in name for name in chosen) else chosen)
    made.rows = table.num_rows if chosen else position
    made.columns = {declared: table[name] for declared, name in columns.items()}
    return made


def _bounds(
    parquet: pq.ParquetFile, event_time: str | None, schema: pa.Schema
) -> Callable[[int], pa.ChunkedArray | None]:
    """Return what tells a row group's smallest and largest event time, as far as its statistics say."""
    leaves = [parquet.schema.column(index).path for index in range(len(parquet.schema))]

    def bounds(group: int) -> pa.ChunkedArray | None:
        if event_time not in leaves:
            return None
        known = parquet.metadata.row_group(group).column(leaves.index(event_time)).statistics
        if known is None or not known.has_min_max or not known.has_null_count or known.null_count:
            return None
        try:
            return pa.chunked_array([pa.array([known.min, known.max], schema.field(event_time).type)])
        except pa.ArrowException:
            return None

    return bounds


def _csv(file: RawFile, source: Source, body: bytes, separator: str) -> Content:
    body = body.removeprefix(b"\xef\xbb\xbf")
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")
    header = next(row for row in csv.reader(lines, delimiter=separator) if row)
    columns, problems = _matched(file, source, header)
    other = next((one for one in ";\t|," if one in header[0] and one != separator), None)
    if len(header) == 1 and other:
        remedy = "Load it with commas, or name it .tsv where it has tabs."
        problems = [RawProblem(file.key, f"separate its cells by {separator!r}", remedy, value=header[0])]
    if problems:
        return Content(problems=problems)

    def odd(row: Any) -> str:
        cells, line = f"have {row.expected_columns} cells", row.number - 1 if row.number else None
        problems.append(RawProblem(file.key, cells, "Quote a cell that holds a comma.", row=line, value=row.text))
        return "skip"

    table = pa_csv.read_csv(
        pa.BufferReader(body),
        read_options=pa_csv.ReadOptions(use_threads=False),
        parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=odd),
        convert_options=pa_csv.ConvertOptions(
            include_columns=list(columns.values()),
            column_types=dict.fromkeys(columns.values(), pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    made = {declared: table[name] for declared, name in columns.items()}
    return Content(made, table.num_rows, _first_of(problems))


def _first_of(problems: list[RawProblem]) -> list[RawProblem]:
    """Make one problem of those of one rule."""
    by_rule: dict[tuple[str, str], list[RawProblem]] = {}
    for problem in problems:
        by_rule.setdefault((problem.field, problem.rule), []).append(problem)
    return [
        RawProblem(one.key, one.rule, one.remedy, one.field, one.row, one.value, len(alike))
        for alike in by_rule.values()
        for one in alike[:1]
    ]


def _json(file: RawFile, source: Source, body: bytes) -> Content:
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        found = _json_by_arrow(file, source, body)
    except (pa.ArrowException, ValueError):
        found = None  # more than one type in a column, say, which the slower way understands
    return found or _json_by_lines(file, source, body)


def _json_by_arrow(file: RawFile, source: Source, body: bytes) -> Content | None:
    """Read JSON Lines whose values all have the declared types; None where the slower way must look."""
    first = json.loads(body.lstrip().partition(b"\n")[0])
    if not isinstance(first, dict):
        return None
    columns, problems = _matched(file, source, list(first))
    if problems:
        return None
    schema = pa.schema([(name, _json_type(declared, source)) for declared, name in columns.items()])
    table = pa_json.read_json(
        pa.BufferReader(body),
        read_options=pa_json.ReadOptions(block_size=max(len(body), 1) if len(body) < 2**24 else 2**24),
        parse_options=pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer"),
    )
    if _matched(file, source, table.column_names) != (columns, []):
        return None
    return Content({declared: table[name] for declared, name in columns.items()}, table.num_rows)


def _json_type(declared: str, source: Source) -> pa.DataType:
    if source.timestamps.get(declared, "").startswith("epoch"):
        return pa.int64()
    return _JSON_TYPES[source.columns[declared]]


def _json_by_lines(file: RawFile, source: Source, body: bytes) -> Content:
    if body.lstrip().startswith(b"["):
        rule, remedy = "be JSON Lines, an object a line", "Load it so: `jq -c '.[]'` makes lines of a list."
        return Content(problems=[RawProblem(file.key, rule, remedy, value="a list")])
    rows, problems = [], []
    lines = [line for line in body.split(b"\n") if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line, object_pairs_hook=_once))
        except (ValueError, RecursionError) as error:
            rule, value = (
                str(error) if isinstance(error, _TwiceError) else "be a JSON object",
                line.decode(errors="replace"),
            )
            problems.append(RawProblem(file.key, rule, _RELOAD, row=number, value=value))
            continue
        if not isinstance(rows[-1], dict):
            value = line.decode(errors="replace")
            problems.append(RawProblem(file.key, "be a JSON object", _RELOAD, row=number, value=value))
    if problems:
        return Content(problems=_first_of(problems))
    columns, problems = _matched(file, source, list(dict.fromkeys(name for row in rows for name in row)))
    made = {}
    for declared, name in columns.items():
        texts, wrong = _texts(declared, source.columns[declared], [row.get(name) for row in rows])
        made[declared] = pa.chunked_array([pa.array(texts, pa.string())])
        problems += [RawProblem(file.key, rule, _RELOAD, declared, row, value) for rule, row, value in wrong]
    return Content(made, len(rows), _first_of(problems))


class _TwiceError(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(f"have each name once, and {next(name for name in names if names.count(name) > 1)} is twice")
    return made


def _texts(
    declared: str, kind: ColumnType, values: Iterable[Any]
) -> tuple[list[str | None], list[tuple[str, int, Any]]]:
    """Write JSON's values as texts, which the declared type is read from; what no text stands for is wrong."""
    texts: list[str | None] = []
    wrong: list[tuple[str, int, Any]] = []
    for row, value in enumerate(values, 1):
        texts.append(None if value is None else str(value))
        if isinstance(value, dict | list):
            wrong.append(("be one value", row, value))
        elif kind == "string" and isinstance(value, bool | float):
            wrong.append(("be text", row, value))
        elif kind != "boolean" and isinstance(value, bool):
            wrong.append((f"be a {kind}", row, value))
    return texts, wrong
