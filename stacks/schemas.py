"""What the workloads' files say about their data, as the components want it."""

from __future__ import annotations

from collections.abc import Sequence

from agreements import prefixes
from components.catalogue import ParquetTable
from components.features import Entity
from components.lake import DataLake
from workloads.spec import ColumnType, Workload

_GLUE_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
}
# Athena reads what lies in the files: a timestamp that is written as a number or a date is one there.
_FORMS = dict.fromkeys(("epoch_s", "epoch_ms", "epoch_us", "epoch_ns"), "bigint") | dict.fromkeys(
    ("start_of_day", "end_of_day"), "date"
)


def tables(workloads: Sequence[Workload], lake: DataLake) -> dict[str, ParquetTable]:
    """One table for each source in the raw bucket, with every column that a workload names of it.

    The first workload that names a source describes it; on types they agree (`stacks.together`).
    """
    columns: dict[str, dict[str, str]] = {}
    descriptions: dict[str, str] = {}
    for workload in workloads:
        for name, source in workload.sources.items():
            descriptions.setdefault(name, source.description)
            for column, kind in source.columns.items():
                of_files = _FORMS.get(source.timestamps.get(column, ""), _GLUE_TYPES[kind])
                columns.setdefault(name, {}).setdefault(column, of_files)
    return {
        name: ParquetTable(
            bucket=lake.raw, prefix=prefixes.source(name), columns=columns[name], description=descriptions[name]
        )
        for name in columns
    }


def entities(workload: Workload) -> dict[str, Entity]:
    """One feature group for each of the workload's entities."""
    return {
        name: Entity(
            record_identifier=entity.record_identifier,
            event_time=entity.event_time,
            features={
                definition["FeatureName"]: definition["FeatureType"]
                for definition in workload.feature_definitions(name)
            },
            description=entity.description,
        )
        for name, entity in workload.entities.items()
    }
