"""JSON Lines: an object a line, whose values have one type each, or several that the declared one is read from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from training.raw.content import RELOAD, Content, first_of, matched
from training.raw.files import RawFile
from training.raw.problems import RawProblem
from workloads.spec import ColumnType, Source

_TYPES: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.string(),
}
_TEXTS: dict[ColumnType, pa.DataType] = {"string": pa.string(), "timestamp": pa.string()}


def read(file: RawFile, source: Source, body: bytes) -> Content:
    body = body.removeprefix(b"\xef\xbb\xbf")
    for kinds in (_TYPES, _TEXTS):
        try:
            if found := _by_arrow(file, source, body, kinds):
                return found
        except (pa.ArrowException, ValueError):
            pass  # a column is of another type, or of more than one, which the slower ways understand
    return _by_lines(file, source, body)


def _by_arrow(file: RawFile, source: Source, body: bytes, kinds: Mapping[ColumnType, pa.DataType]) -> Content | None:
    """Read JSON Lines with columns of one type each; None where the slower way must look.

    Parameters
    ----------
    file : RawFile
    source : Source
    body : bytes
    kinds : mapping of str to pyarrow.DataType
        What columns of a declared type must be; of the others, Arrow sees for itself.
    """
    first = json.loads(body.lstrip().partition(b"\n")[0])
    if not isinstance(first, dict):
        return None
    columns, problems = matched(file, source, list(first))
    if problems:
        return None
    types = {name: kinds.get(source.columns[declared]) for declared, name in columns.items()}
    for declared, form in source.timestamps.items():
        if declared in columns and form.startswith("epoch"):
            types[columns[declared]] = pa.int64() if kinds is _TYPES else None
    table = pa_json.read_json(
        pa.BufferReader(body),
        read_options=pa_json.ReadOptions(block_size=max(len(body), 1) if len(body) < 2**24 else 2**24),
        parse_options=pa_json.ParseOptions(
            explicit_schema=pa.schema([(name, kind) for name, kind in types.items() if kind is not None]),
            unexpected_field_behavior="infer",
        ),
    )
    if matched(file, source, table.column_names) != (columns, []):
        return None
    if any(_rounded(table[columns[declared]]) for declared in columns if source.columns[declared] == "integer"):
        return None
    return Content({declared: table[name] for declared, name in columns.items()}, table.num_rows)


def _rounded(numbers: pa.ChunkedArray) -> bool:
    """Tell whether whole numbers may have lost their last digits as floats."""
    return pa.types.is_floating(numbers.type) and pc.any(pc.greater_equal(pc.abs(numbers), 2.0**53)).as_py() is True


def _by_lines(file: RawFile, source: Source, body: bytes) -> Content:
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
            problems.append(RawProblem(file.key, rule, RELOAD, row=number, value=value))
            continue
        if not isinstance(rows[-1], dict):
            value = line.decode(errors="replace")
            problems.append(RawProblem(file.key, "be a JSON object", RELOAD, row=number, value=value))
    if problems:
        return Content(problems=first_of(problems))
    columns, problems = matched(file, source, list(dict.fromkeys(name for row in rows for name in row)))
    made = {}
    for declared, name in columns.items():
        texts, wrong = _texts(declared, source.columns[declared], [row.get(name) for row in rows])
        made[declared] = pa.chunked_array([pa.array(texts, pa.string())])
        problems += [RawProblem(file.key, rule, RELOAD, declared, row, value) for rule, row, value in wrong]
    return Content(made, len(rows), first_of(problems))


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
        counted = isinstance(value, bool) and kind in ("integer", "number")
        texts.append(None if value is None else str(int(value) if counted else value))
        if isinstance(value, dict | list):
            wrong.append(("be one value", row, value))
        elif kind == "string" and isinstance(value, bool | float):
            wrong.append(("be text", row, value))
    return texts, wrong
