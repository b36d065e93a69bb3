"""Every workload here brings a loader for the demo, and its files are what its workload.yaml says of its sources."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import cast

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workloads import spec
from workloads.loading import Loader

NAMES = sorted(path.parent.name for path in Path(spec.__file__).parent.glob("*/workload.yaml"))
ARROW = {
    "string": (pa.types.is_string, pa.types.is_large_string),
    "integer": (pa.types.is_integer,),
    "number": (pa.types.is_floating, pa.types.is_integer),
    "boolean": (pa.types.is_boolean,),
    "timestamp": (pa.types.is_timestamp,),
}


def loader(name: str) -> Loader:
    """Import a workload's loader."""
    return cast(Loader, importlib.import_module(f"workloads.{name}.ingest"))


def test_there_are_three_workloads_of_three_kinds() -> None:
    assert {name: str(spec.named(name).label.type) for name in NAMES} == {
        "flights": "boolean",
        "delays": "number",
        "penguins": "category",
    }


@pytest.mark.parametrize("name", NAMES)
def test_files_hold_every_declared_column_in_its_type(name: str) -> None:
    workload = spec.named(name)
    seen = set()
    for file in loader(name).files():
        assert file.key.startswith(f"raw/{file.source}/")
        table = pq.read_table(io.BytesIO(file.body))
        assert len(table) == file.rows > 0
        seen.add(file.source)
        for column, kind in workload.sources[file.source].columns.items():
            found = table.schema.field(column).type
            assert any(fits(found) for fits in ARROW[kind]), f"{file.key}: {column} is {found}"
    assert seen == set(workload.sources)


@pytest.mark.parametrize("name", ["flights", "penguins"])
def test_the_same_files_come_again(name: str) -> None:
    def bodies() -> dict[str, bytes]:
        return {file.key: file.body for file in loader(name).files() if not file.key.endswith("02.parquet")}

    assert bodies() == bodies()


def test_workloads_that_share_sources_bring_the_same_files() -> None:
    flights = {file.key: file.body for file in loader("flights").files()}
    delays = {file.key: file.body for file in loader("delays").files()}
    assert delays
    assert delays.items() <= flights.items()


@pytest.mark.parametrize("name", NAMES)
def test_files_hold_nothing_that_happened_after_the_training_data(name: str) -> None:
    workload, until = spec.named(name), pd.Timestamp(loader(name).TRAINING[1], tz="UTC")
    for file in loader(name).files():
        times = pq.read_table(io.BytesIO(file.body))[workload.sources[file.source].event_time].to_pandas()
        assert times.max() < until, file.key


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_asked_after_the_training_data_and_have_answers(name: str) -> None:
    workload, asked = spec.named(name), loader(name).questions()
    assert pd.Timestamp(asked.start) >= pd.Timestamp(loader(name).TRAINING[1], tz="UTC")
    assert set(asked.sources) == set(workload.sources)
    with duckdb.connect() as lake:
        lake.execute("SET TimeZone = 'UTC'")
        for source, rows in asked.sources.items():
            lake.register(source, rows)
        lake.execute((workload.folder / "features.sql").read_text("utf-8"))
        view, at = workload.examples.view, workload.examples.event_time
        found = lake.sql(
            f"SELECT count(*), count({workload.label.name}) FROM {view} WHERE {at} BETWEEN ? AND ?",  # noqa: S608
            params=[asked.start, asked.end],
        ).fetchall()
    (examples, answered) = found[0]
    assert examples >= 10
    assert answered >= 0.9 * examples
