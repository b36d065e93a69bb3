"""Every workload that ships passes the proofs on its own data."""

from __future__ import annotations

import importlib
import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training import dataset, prepare
from workloads import spec
from workloads.loading import Loader

WORKLOADS = sorted(path.parent.name for path in spec.folder("").glob("*/workload.yaml"))


@pytest.mark.parametrize("name", WORKLOADS)
def test_nothing_looks_ahead_and_enough_is_left(name: str) -> None:
    loader: Loader = importlib.import_module(f"workloads.{name}.ingest")
    tables: dict[str, list[pa.Table]] = {}
    for file in loader.files():
        tables.setdefault(file.source, []).append(pq.read_table(io.BytesIO(file.body)))
    streams = {source: pa.concat_tables(parts) for source, parts in tables.items()}
    start, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in loader.TRAINING)
    workload = spec.named(name)
    prepared = prepare.build(workload, streams, start, end)
    assert prepared.parts[dataset.TRAINING].num_rows > workload.check.minimum_rows / 2
    assert prepared.parts[dataset.HOLDOUT].num_rows >= workload.holdout.minimum_examples
