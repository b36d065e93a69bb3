"""What the workload's file says about its data, as the components want it."""

from __future__ import annotations

from components.catalogue import ParquetTable
from components.feature_store import Entity
from components.lake import DataLake
from workloads.spec import ColumnType, Workload

_GLUE_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
}


def tables(workload: Workload, lake: DataLake) -> dict[str, ParquetTable]:
    """One table for each of the workload's sources in the raw bucket."""
    return {
        name: ParquetTable(
            bucket=lake.raw,
            prefix=f"raw/{name}/",
            columns={column: _GLUE_TYPES[kind] for column, kind in source.columns.items()},
            description=source.description,
        )
        for name, source in workload.sources.items()
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
