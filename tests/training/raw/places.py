"""Folders of raw data, in the formats that teams write."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from training import raw
from training.raw import RawDataError, Stream
from workloads.spec import Source

NOON = "2013-01-05T12:00:00+00:00"
Columns = Mapping[str, Any]


def source(columns: Mapping[str, str] | None = None, **said: Any) -> Source:
    """Declare a source of an event time and further columns."""
    return Source.model_validate(
        {"description": "A row.", "columns": {"event_time": "timestamp", **(columns or {})}, **said}
    )


def parquet(columns: Columns | pa.Table, **written: Any) -> bytes:
    """Write a Parquet file."""
    out = io.BytesIO()
    pq.write_table(_table(columns), out, **written)
    return out.getvalue()


def _table(columns: Columns | pa.Table) -> pa.Table:
    return columns if isinstance(columns, pa.Table) else pa.table(dict(columns))


def csv(columns: Columns | pa.Table) -> bytes:
    """Write a CSV file."""
    out = io.BytesIO()
    pa_csv.write_csv(_table(columns), out)
    return out.getvalue()


def jsonl(columns: Columns | pa.Table) -> bytes:
    """Write JSON Lines."""
    rows = _table(columns).to_pylist()
    return "".join(json.dumps(row, default=str) + "\n" for row in rows).encode()


def zstd(body: bytes) -> bytes:
    """Compress as Zstandard does."""
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(body)
    return bytes(out.getvalue())


WRITERS: dict[str, Callable[[Columns], bytes]] = {
    "a.parquet": parquet,
    "a.csv": csv,
    "a.jsonl": jsonl,
    "a.csv.gz": lambda columns: gzip.compress(csv(columns)),
    "a.jsonl.zst": lambda columns: zstd(jsonl(columns)),
    "a.json.bz2": lambda columns: bz2.compress(jsonl(columns)),
    "000000_0": parquet,
}


@dataclass(frozen=True)
class Lake:
    """A folder with ``raw/events/`` in it."""

    folder: Path

    def put(self, files: Mapping[str, bytes]) -> Lake:
        """Write files by their path below the source's prefix."""
        for path, body in files.items():
            place = self.folder / "raw" / "events" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
        return self

    def stream(self, declared: Source, start: datetime | None = None, end: datetime | None = None) -> Stream:
        """Read it."""
        return raw.read_all({"events": declared}, {"events": raw.below(self.folder, "events")}, start, end)["events"]

    def read(self, declared: Source) -> dict[str, list[Any]]:
        """Read all its rows, by column."""
        return dict(raw.read("events", declared, raw.below(self.folder, "events")).to_pydict())

    def refusal(self, declared: Source) -> list[str]:
        """Return the lines with which it is refused."""
        try:
            self.stream(declared)
        except RawDataError as error:
            return str(error).splitlines()
        raise AssertionError("it was read")


def at(*texts: str) -> list[datetime]:
    """Return moments from ISO 8601."""
    return [datetime.fromisoformat(text) for text in texts]


def one(columns: Columns, rows: int = 1) -> dict[str, Sequence[Any]]:
    """Return columns beside an event time."""
    return {"event_time": at(*[NOON] * rows), **columns}
