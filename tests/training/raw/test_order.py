"""The same rows in another order, or split otherwise into files, are the same data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.training.raw.places import Columns, Lake, at, csv, jsonl, parquet, source
from training import raw
from training.raw import canonical

ROWS = 50


def rows(order: np.random.Generator) -> pa.Table:
    """Rows of few moments, with missing values, -0 and copies, shuffled."""
    numbers = order.permutation(ROWS).tolist()
    return pa.table(
        {
            "event_time": at(*[f"2013-01-0{1 + number % 3}T12:00+00:00" for number in numbers]),
            "text": [None if number % 7 == 0 else f"t{number % 4}" for number in numbers],
            "amount": [None if number % 5 == 0 else (-0.0 if number % 2 else 0.0) for number in numbers],
            "flag": [number % 11 == 0 for number in numbers],
        }
    )


def digest(lake: Lake) -> str:
    """Read a folder, and return the digest of its rows as they reach the SQL."""
    declared = source({"text": "string", "amount": "number", "flag": "boolean"})
    table = canonical(raw.read("events", declared, raw.below(lake.folder, "events")), "event_time")
    assert all(table[name].num_chunks == 1 for name in table.column_names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("name", "write"), [("csv", csv), ("jsonl", jsonl), ("parquet", parquet)])
def test_order_and_files_do_not_matter(
    tmp_path: Path, seed: int, name: str, write: Callable[[Columns | pa.Table], bytes]
) -> None:
    lake = Lake(tmp_path / "one").put({"a.parquet": parquet(rows(np.random.default_rng(0)))})
    order = np.random.default_rng(seed + 1)
    table, cuts = rows(order), sorted(order.choice(ROWS, 4, replace=False).tolist())
    parts: Sequence[pa.Table] = [
        table.slice(first, last - first) for first, last in zip([0, *cuts], [*cuts, ROWS], strict=True)
    ]
    files = {f"{order.random()}/{number}.{name}": write(part) for number, part in enumerate(parts)}
    assert digest(Lake(tmp_path / "other").put(files)) == digest(lake)
