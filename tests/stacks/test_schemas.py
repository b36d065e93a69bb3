"""What Athena is told of the sources' files."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from components.lake import DataLake
from stacks.schemas import tables
from workloads import spec
from workloads.fields import Source


def test_a_timestamp_is_in_the_catalogue_what_it_is_in_the_files() -> None:
    kinds = dict.fromkeys(("event_time", "sent", "paid", "due"), "timestamp") | {"amount": "number"}
    said: dict[str, Any] = {"zone": "UTC", "timestamps": {"sent": "epoch_ms", "due": "end_of_day"}}
    source = Source.model_validate({"description": "A payment.", "columns": kinds, **said})
    workload = spec.named("flights").model_copy(update={"sources": {"payments": source}})
    (table,) = tables([workload], cast(DataLake, SimpleNamespace(raw=None))).values()
    assert table.columns == {
        "event_time": "timestamp",
        "sent": "bigint",
        "paid": "timestamp",
        "due": "date",
        "amount": "double",
    }
