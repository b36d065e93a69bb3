"""Parquet files: the declared columns, of the row groups that may hold rows of the dates."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from training.raw.content import Content, Keep, matched
from training.raw.files import RawFile
from workloads.spec import Source


def read(file: RawFile, source: Source, handle: BinaryIO | io.RawIOBase, keep: Keep | None) -> Content:
    # Spark and Impala write 96-bit timestamps, which as nanoseconds would not reach beyond the year 2262
    parquet = pq.ParquetFile(handle, coerce_int96_timestamp_unit="us", pre_buffer=True)
    schema = parquet.schema_arrow
    columns, problems = matched(file, source, schema.names)
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
        except (pa.ArrowException, OverflowError):  # Python has fewer years than a file
            return None

    return bounds
