"""The flights as the prepare job reads them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workloads.flights import ingest

Streams = dict[str, pa.Table]


def of_months(months: Sequence[str]) -> Streams:
    """Return the event streams of some months."""
    tables: dict[str, list[pa.Table]] = {}
    for file in ingest.files(months):
        tables.setdefault(file.source, []).append(pq.read_table(io.BytesIO(file.body)))
    return {source: pa.concat_tables(parts) for source, parts in tables.items()}


def known_at(streams: Streams, moment: datetime) -> Streams:
    """Cut every stream off: only what was known at a moment."""
    return {
        source: table.filter(pc.less_equal(table["event_time"], pa.scalar(moment, table["event_time"].type)))
        for source, table in streams.items()
    }
