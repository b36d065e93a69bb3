"""Which type a column of a file is, in the words of a workload file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from scaffold.names import clean, text
from workloads.spec import ColumnType

# Seconds from 1990 to 2100: whole numbers outside are not the moments of anybody's records.
_FIRST, _LAST = 631_152_000, 4_102_444_800
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_TIME_WORDS = frozenset(("time", "date", "datetime", "epoch", "timestamp", "ts", "at", "when", "moment"))

_CODE = r"[+-]?0\d+"  # 007 is a code, not a number
_DIGITS = r"[+-]?\d{1,18}"
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i)[+-]?(nan|inf|infinity)"
_DATE = r"\d{4}-\d{2}-\d{2}"
_NAIVE = _DATE + r"[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_ZONED = _NAIVE + r" ?(Z|[+-]\d{2}(:?\d{2})?)"
_NOTHING = ("NA", "N/A", "n/a", "na", "NULL", "null", "None", "none", "nil", "-", "--", "?", ".", "#N/A", "(null)")
_TESTS = {
    "code": f"regexp_full_match(v, '{_CODE}')",
    "whole": f"regexp_full_match(v, '{_DIGITS}')",
    "number": f"regexp_full_match(v, '{_NUMBER}')",
    "boolean": "lower(v) IN ('true', 'false')",
    "date": f"regexp_full_match(v, '{_DATE}')",
    "naive": f"regexp_full_match(v, '{_NAIVE}')",
    "zoned": f"regexp_full_match(v, '{_ZONED}')",
}


@dataclass(frozen=True)
class Guess:
    """What a column holds.

    Attributes
    ----------
    kind : str
        Its type in a workload file.
    time : str
        How a timestamp is written: ``zoned``, ``naive``, ``date``, or an epoch's unit: ``s``, ``ms``, ``us``, ``ns``.
    """

    kind: ColumnType
    time: str = ""
    missing: tuple[str, ...] = ()


def guess(name: str, values: pa.ChunkedArray) -> Guess | None:
    """Guess the type of a column; None where it holds lists or structures.

    Parameters
    ----------
    name : str
        What its files call it.
    values : ChunkedArray
        As its files hold it: texts where they have no types, as in CSV.
    """
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_nested(kind):
        return None
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zoned = pa.types.is_timestamp(kind) and kind.tz
        return Guess("timestamp", "date" if pa.types.is_date(kind) else "zoned" if zoned else "naive")
    if pa.types.is_integer(kind):
        ends = pc.min_max(values).as_py()
        return _whole(name, ends["min"], ends["max"])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _of_texts(name, values)
    number = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return Guess("boolean" if pa.types.is_boolean(kind) else "number" if number else "string")


def _whole(name: str, low: int | None, high: int | None) -> Guess:
    unit = epoch_unit(low, high) if _TIME_WORDS & set(clean(name).split("_")) else ""
    return Guess("timestamp", unit) if unit else Guess("integer")


def epoch_unit(low: int | None, high: int | None) -> str:
    """Return the unit in which whole numbers are moments since 1970, judged by their size; nothing if in none."""
    if low is None or high is None:
        return ""
    return next((unit for unit, n in _PER_SECOND.items() if _FIRST * n <= low and high <= _LAST * n), "")


def _of_texts(name: str, values: pa.ChunkedArray) -> Guess:
    with duckdb.connect() as database:
        database.register("texts", pa.table({"v": values.cast(pa.string())}))
        counted = ", ".join(f"count_if({test})" for test in _TESTS.values())
        nothing = f"v IN ({', '.join(map(text, _NOTHING))})"
        row: Any = database.execute(
            f"SELECT count(*), {counted}, min(TRY_CAST(v AS BIGINT)), max(TRY_CAST(v AS BIGINT)) "  # noqa: S608
            f"FROM (SELECT trim(v) AS v FROM texts) WHERE v <> '' AND NOT {nothing}"
        ).fetchone()
        found = database.execute(
            f"SELECT DISTINCT trim(v) AS v FROM texts WHERE {nothing.replace('v IN', 'trim(v) IN')} ORDER BY v"  # noqa: S608
        ).fetchall()
    one = _of_counts(name, row[0], dict(zip(_TESTS, row[1:-2], strict=True)), row[-2], row[-1])
    # among texts NA may be somebody's code; among numbers it is no number
    return one if one.kind == "string" else replace(one, missing=tuple(value for (value,) in found))


def _of_counts(name: str, rows: int, count: dict[str, int], low: int | None, high: int | None) -> Guess:
    if rows == 0:
        return Guess("string")
    for written in ("date", "naive", "zoned"):
        if count[written] == rows:
            return Guess("timestamp", written)
    if count["boolean"] == rows:
        return Guess("boolean")
    if count["code"]:
        return Guess("string")
    if count["whole"] == rows:
        return _whole(name, low, high)
    return Guess("number" if count["number"] == rows else "string")
