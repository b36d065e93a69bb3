"""The workload's features: its SQL over the event streams, and the point-in-time join of examples and histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from training.job import JobError
from workloads import spec, sql
from workloads.spec import Workload

Keep = Callable[[str, Callable[[], pa.Table]], pa.Table]
"""Gets a view's name and what computes its rows, and returns the rows, computed now or earlier."""

_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "category": "VARCHAR"}


@dataclass(frozen=True)
class Features:
    """What the SQL makes of the event streams.

    Attributes
    ----------
    examples : pyarrow.Table
        One row an example, ordered by event time and record id: record id, event time, when the answer was known, the
        answer, then the features in the input contract's order.
    histories : dict of str to pyarrow.Table
        By entity: its identifier, event time and stored features, ordered by both.
    """

    examples: pa.Table
    histories: dict[str, pa.Table]


def compute(
    workload: Workload, streams: Mapping[str, pa.Table], folder: Path | None = None, keep: Keep | None = None
) -> Features:
    """Run the workload's SQL and join each example to what was known when the question was asked.

    Parameters
    ----------
    workload : Workload
        Whose views and columns are read.
    streams : mapping of str to pyarrow.Table
        The event streams by source.
    folder : Path, optional
        Where ``features.sql`` lies; by default the workload's own folder.
    keep : callable, optional
        Asked for the rows of each view that the workload names; without it they are computed.

    Raises
    ------
    JobError
        If the SQL fails on these rows; what fails on all, reading the workload has refused.
    """
    script = (folder or workload.folder) / "features.sql"
    with sql.connect() as database:
        for name in workload.sources:
            database.register(name, streams[name])
        try:
            database.execute(script.read_text(encoding="utf-8"))
        except duckdb.Error as error:
            raise JobError(f"{script.name} cannot be run: {error}") from error
        try:
            rows = _kept(workload, database, keep)
            histories = {name: _history(workload, name, database, rows) for name in workload.entities}
            return Features(database.sql(_join(workload, rows)).to_arrow_table(), histories)
        except duckdb.Error as error:
            raise JobError(f"{script.name} cannot be run: {error}") from error


def views(workload: Workload) -> list[str]:
    """Name the views that the workload reads: the entities' and the examples', each once."""
    return list(dict.fromkeys([*(entity.view for entity in workload.entities.values()), workload.examples.view]))


def _kept(workload: Workload, database: duckdb.DuckDBPyConnection, keep: Keep | None) -> dict[str, str]:
    """Return where the rows of each view are read: the view itself, or what was kept of it."""
    if keep is None:
        return {view: view for view in views(workload)}
    for view in views(workload):
        database.register(f"{view} kept", keep(view, partial(_all_rows, database, view)))
    return {view: f"{view} kept" for view in views(workload)}


def _all_rows(database: duckdb.DuckDBPyConnection, view: str) -> pa.Table:
    return database.table(f'"{view}"').to_arrow_table()


def _history(workload: Workload, name: str, database: duckdb.DuckDBPyConnection, rows: Mapping[str, str]) -> pa.Table:
    entity = workload.entities[name]
    columns = [
        f'"{entity.record_identifier}"',
        f'"{entity.event_time}"',
        *_typed(workload, workload.stored_features(name)),
    ]
    database.execute(
        f'CREATE TEMP TABLE "{name}_rows" AS SELECT {", ".join(columns)} FROM "{rows[entity.view]}" '  # noqa: S608
        f'ORDER BY "{entity.event_time}", "{entity.record_identifier}"'
    )
    return database.table(f"{name}_rows").to_arrow_table()


def _join(workload: Workload, rows: Mapping[str, str]) -> str:
    """Write the point-in-time join: each example with the newest row of each history at or before its event time."""
    examples, label = workload.examples, workload.label
    at = f'examples."{examples.event_time}"'
    columns = [f'examples."{examples.record_id}"', at, f'examples."{label.known_at}"', f'examples."{label.name}"']
    for name, feature in workload.features.items():
        owner = "examples" if feature.source == spec.REQUEST else f'"{feature.source}_rows"'
        value = f'{owner}."{name}"'
        if feature.age:
            value = f"date_diff('second', {owner}.\"{workload.entities[feature.source].event_time}\", {at}) / 60.0"
        columns.append(f'CAST({value} AS {_TYPES[feature.type]}) AS "{name}"')
    joins = [
        f'ASOF LEFT JOIN "{name}_rows" ON "{name}_rows"."{entity.record_identifier}" = '
        f'examples."{entity.record_identifier}" AND "{name}_rows"."{entity.event_time}" <= {at}'
        for name, entity in workload.entities.items()
    ]
    return (
        f'SELECT {", ".join(columns)} FROM "{rows[examples.view]}" AS examples {" ".join(joins)} '  # noqa: S608
        f'ORDER BY {at}, examples."{examples.record_id}"'
    )


def _typed(workload: Workload, names: tuple[str, ...]) -> list[str]:
    return [f'CAST("{name}" AS {_TYPES[workload.features[name].type]}) AS "{name}"' for name in names]
