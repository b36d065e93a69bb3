"""What the data say about a column: how often it is missing, its values, its range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from scaffold.names import quoted
from workloads.spec import ColumnType

MOST_CATEGORIES = 50
"""A text of more values than these is left out of the features: asked about once each, they teach a model nothing."""
_FREE_TEXT = 40  # characters: names and codes are shorter


@dataclass(frozen=True)
class Facts:
    """A column of a table.

    Attributes
    ----------
    name : str
        As the table has it.
    kind : str
        Its type in a workload file.
    rows, nulls, distinct : int
        How many rows there are, how many of them have no value, and how many values are different.
    low, high : int, float, datetime or None
        The smallest and the largest value of a number (NaN and infinity left out) or timestamp.
    values : tuple of str
        Every value in order, where there are at most 50.
    shares : tuple of float
        How large a part of the rows that have a value has each of `values`.
    length : float
        Mean number of characters of a text.
    spaces : float
        Share of texts with a blank inside.
    """

    name: str
    kind: ColumnType
    rows: int
    nulls: int
    distinct: int
    low: Any
    high: Any
    values: tuple[Any, ...]
    shares: tuple[float, ...]
    length: float
    spaces: float

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 1 and self.nulls == 0 and self.distinct == self.rows

    @property
    def free_text(self) -> bool:
        """Whether it reads like sentences: long or of several words, and hardly one like another."""
        several = self.length > _FREE_TEXT or (self.spaces > 0.5 and self.length > _FREE_TEXT / 2)
        return self.kind == "string" and several and self.distinct > self.rows / 4

    @property
    def binary(self) -> bool:
        """Whether it is a number that is only ever 0 or 1."""
        return self.kind in ("integer", "number") and self.distinct == 2 and (self.low, self.high) == (0, 1)


def look(table: pa.Table, kinds: dict[str, ColumnType]) -> dict[str, Facts]:
    """Gather the facts of a table's columns.

    Parameters
    ----------
    table : Table
        As the workload's jobs read it.
    kinds : dict of str to str
        The declared type of each column.
    """
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", table)
        return {name: _column(database, name, kind, table.num_rows) for name, kind in kinds.items()}


def _column(database: duckdb.DuckDBPyConnection, name: str, kind: ColumnType, rows: int) -> Facts:
    column = quoted(name)
    ordered = kind in ("integer", "number", "timestamp")
    sound = f" FILTER (isfinite({column}))" if kind == "number" else ""
    measured = [f"min({column}){sound}", f"max({column}){sound}"] if ordered else ["NULL", "NULL"]
    lengths = ["NULL", "NULL"]
    if kind == "string":
        lengths = [f"avg(length({column}))", f"avg(contains(trim({column}), ' ')::INTEGER)"]
    select = ", ".join([f"count({column})", f"count(DISTINCT {column})", *measured, *lengths])
    row: Any = database.execute(f"SELECT {select} FROM rows").fetchone()  # noqa: S608
    values: list[tuple[Any, int]] = []
    if 0 < row[1] <= MOST_CATEGORIES:
        values = database.execute(
            f"SELECT {column}, count(*) FROM rows WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608
        ).fetchall()
    return Facts(
        name=name,
        kind=kind,
        rows=rows,
        nulls=rows - row[0],
        distinct=row[1],
        low=row[2],
        high=row[3],
        values=tuple(value for value, _ in values),
        shares=tuple(count / row[0] for _, count in values),
        length=row[4] or 0.0,
        spaces=row[5] or 0.0,
    )


def widened(low: float, high: float, whole: bool) -> tuple[float, float]:
    """Give a range room for what was not seen yet: half its width on both sides, in round numbers.

    What was never negative stays so: most such columns are counts, sizes and prices.

    Examples
    --------
    >>> widened(3, 97, whole=True), widened(-1.5, 2.5, whole=False), widened(0.02, 0.6, whole=False)
    ((0, 144), (-3.5, 4.5), (0.0, 0.89))
    """
    room = (high - low) / 2
    digits = 1 - math.floor(math.log10(high - low)) if high > low else 0
    step = 10.0**-digits
    bottom, top = math.floor((low - room) / step) * step, math.ceil((high + room) / step) * step
    if low >= 0:
        bottom = max(bottom, 0.0)
    if high <= 0:
        top = min(top, 0.0)
    if whole:
        return math.floor(bottom), math.ceil(top)
    return round(bottom, max(digits, 0)), round(top, max(digits, 0))


def share(part: float) -> str:
    """Write a share as percent."""
    return f"{part:.1%}" if 0 < part < 0.1 else f"{part:.0%}"
