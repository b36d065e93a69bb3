"""A file of raw data, and what its key says: whether it holds rows, columns of its path, the time that it covers."""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_DATE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
# Only names that mean when a row happened: a partition by date of birth says nothing of that.
_DATE_PARTITIONS = ("date", "dt", "ds", "day", "month", "event_date", "event_day", "event_month")
_TABLE_LOGS = {"_delta_log": "Delta Lake", ".hoodie": "Hudi"}


@dataclass(frozen=True)
class RawFile:
    """A file below ``raw/<source>/``.

    Attributes
    ----------
    key : str
        Its path from ``raw/`` on, with slashes.
    read : callable
        Returns the content.
    open : callable, optional
        Opens the content for reading here and there, where that is cheaper than reading it whole.
    """

    key: str
    read: Callable[[], bytes]
    open: Callable[[], BinaryIO | io.RawIOBase] | None = None


def below(folder: Path, source: str) -> list[RawFile]:
    """Find the files of a source in a folder of this machine, under ``folder/raw/<source>/``."""
    paths = sorted(path for path in (folder / "raw" / source).rglob("*") if path.is_file())
    return [RawFile(path.relative_to(folder).as_posix(), path.read_bytes) for path in paths]


def table_format(key: str) -> str | None:
    """Name the table format whose log a key belongs to: its files are not all rows that are there."""
    if key.endswith(".metadata.json"):
        return "Iceberg"
    return next((name for folder, name in _TABLE_LOGS.items() if folder in key.split("/")), None)


def holds_rows(key: str) -> bool:
    """Tell a file of rows from what lies beside it.

    Spark, Hive and Athena leave out the same: names that begin with ``_`` or ``.`` (a partition's may begin with
    ``_``), objects that stand for a folder, and checksums.
    """
    hidden = any(part.startswith(".") or (part.startswith("_") and "=" not in part) for part in key.split("/"))
    return not hidden and not key.endswith(("/", "_$folder$", ".crc"))


def partitions(key: str) -> dict[str, str | None]:
    """Return the columns that stand in a path as Hive writes them, ``name=value``, with names in lower case."""
    pairs = (part.split("=", 1) for part in key.split("/")[:-1] if "=" in part)
    return {unquote(name).lower(): None if value == _HIVE_NULL else unquote(value) for name, value in pairs}


def period(key: str) -> tuple[datetime, datetime] | None:
    """Return the time that a file covers, if its layout says so.

    Partitions say it (``year=2013/month=01/day=31``, ``date=2013-01-31``), or a file's name that is a month or a day
    (``2013-01.parquet``).

    Returns
    -------
    tuple of datetime, optional
        From when, and before when, in UTC.
    """
    found = partitions(key)
    stem = key.rpartition("/")[2].partition(".")[0]
    texts = [value for name, value in found.items() if name in _DATE_PARTITIONS and value]
    for text in [*texts, stem]:
        if match := _DATE.fullmatch(text):
            return _span(*match.groups())
    if found.get("year"):
        return _span(found["year"], found.get("month"), found.get("day"))
    return None


def _span(year: str | None, month: str | None, day: str | None) -> tuple[datetime, datetime] | None:
    if not re.fullmatch(r"[1-8]\d{3}", year or ""):
        return None
    try:
        start = datetime(int(year or ""), int(month or 1), int(day or 1), tzinfo=UTC)
        if month is None:
            return start, start.replace(year=start.year + 1)
        days = 1 if day else calendar.monthrange(start.year, start.month)[1]
        return start, start + timedelta(days=days)
    except ValueError:
        return None  # it only looks like a date
