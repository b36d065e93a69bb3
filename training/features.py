"""The workload's features: its SQL over the event streams, and the point-in-time join of examples and histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from training.job import JobError
from workloads import spec
from workloads.database import connect
from workloads.spec import Feature, FeatureType, Workload

Keep = Callable[[str, Callable[[], pa.Table]], pa.Table]
"""Gets a view's name and what computes its rows, and returns the rows, computed now or earlier."""

_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "category": "VARCHAR"}


@dataclass(frozen=True)
class LeftOut:
    """Rows of a history that count for nothing.

    Attributes
    ----------
    without_identifier, without_event_time : int
        Those that are nobody's, or of no moment.
    same_moment : int
        Those beside another one of the same record and moment.
    """

    without_identifier: int
    without_event_time: int
    same_moment: int


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
    left_out : dict of str to LeftOut
        By entity: rows of its view that are not in its history.
    """

    examples: pa.Table
    histories: dict[str, pa.Table]
    left_out: dict[str, LeftOut] = field(default_factory=dict)


Compute = Callable[[Workload, Mapping[str, pa.Table]], Features]
"""What runs a workload's SQL: `compute`, `apart`, or something that remembers what these made."""


def compute(
    workload: Workload,
    streams: Mapping[str, pa.Table],
    keep: Keep | None = None,
    *,
    join: bool = True,
) -> Features:
    """Run the workload's SQL and join each example to what was known when the question was asked.

    Parameters
    ----------
    workload : Workload
        Whose views and columns are read.
    streams : mapping of str to pyarrow.Table
        The event streams by source.
    keep : callable, optional
        Asked for the rows of each view that the workload names; without it they are computed.
    join : bool
        Whether the examples get the features of the histories; without, they have those of the request alone.

    Raises
    ------
    JobError
        If the SQL fails on these rows, or makes infinite numbers; what fails on all, reading the workload has refused.
    """
    script = workload.folder / "features.sql"
    # more threads add up in an order of their own each time, and 0.1 + 0.2 + 0.3 depends on it
    with connect(threads="1") as database:
        for name in workload.sources:
            database.register(name, streams[name])
        try:
            database.execute(script.read_text(encoding="utf-8"))
        except duckdb.Error as error:
            raise JobError(f"{script.name} cannot be run: {error}") from error
        try:
            rows = _kept(workload, database, keep)
            histories = {name: _history(workload, name, database, rows) for name in workload.entities}
            examples = database.sql(_join(workload, rows, join=join)).to_arrow_table()
        except duckdb.Error as error:
            raise JobError(f"{script.name} cannot be run: {error}") from error
    made = Features(
        examples,
        {name: history for name, (history, _) in histories.items()},
        {name: left_out for name, (_, left_out) in histories.items()},
    )
    if infinite := list(_infinite(workload, made)):
        raise JobError("\n".join(infinite))
    return made


def apart(workload: Workload, streams: Mapping[str, pa.Table]) -> Features:
    """Run the workload's SQL without the join: the examples have the features of the request alone."""
    return compute(workload, streams, join=False)


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


def _history(
    workload: Workload, name: str, database: duckdb.DuckDBPyConnection, rows: Mapping[str, str]
) -> tuple[pa.Table, LeftOut]:
    """Make the table ``<entity>_rows`` that examples are joined to, and return its rows.

    A row without identifier or event time is nobody's, or of no moment. Of two rows of the same moment the greater one
    counts, column by column in the order of the features, so that it does not matter which of them came first.
    """
    entity = workload.entities[name]
    record, at = f'"{entity.record_identifier}"', f'"{entity.event_time}"'
    stored = workload.stored_features(name)
    database.execute(
        f'CREATE TEMP TABLE "{name}_made" AS SELECT {", ".join([record, at, *_typed(workload, stored)])} '  # noqa: S608
        f'FROM "{rows[entity.view]}"'
    )
    no_record, no_moment, known, distinct = database.execute(
        f"SELECT count(*) FILTER ({record} IS NULL), count(*) FILTER ({record} IS NOT NULL AND {at} IS NULL), "  # noqa: S608
        f"count(*) FILTER ({record} IS NOT NULL AND {at} IS NOT NULL), "
        f"count(DISTINCT ({record}, {at})) FILTER ({record} IS NOT NULL AND {at} IS NOT NULL) "
        f'FROM "{name}_made"'
    ).fetchall()[0]
    greatest = ", ".join(f'"{feature}" DESC NULLS LAST' for feature in stored)
    one = f"QUALIFY row_number() OVER (PARTITION BY {record}, {at} ORDER BY {greatest}) = 1" if known > distinct else ""
    database.execute(
        f'CREATE TEMP TABLE "{name}_rows" AS SELECT * FROM "{name}_made" '  # noqa: S608
        f"WHERE {record} IS NOT NULL AND {at} IS NOT NULL {one} ORDER BY {at}, {record}"
    )
    database.execute(f'DROP TABLE "{name}_made"')
    return database.table(f"{name}_rows").to_arrow_table(), LeftOut(no_record, no_moment, known - distinct)


def _join(workload: Workload, rows: Mapping[str, str], *, join: bool) -> str:
    """Write the point-in-time join: each example with the newest row of each history before its event time.

    Not at it: a row of that very moment is most often made of the example itself, and is not in the feature store when
    the question is asked. Its age would be 0 here and never there.
    """
    examples, label = workload.examples, workload.label
    at = f'examples."{examples.event_time}"'
    columns = [f'examples."{examples.record_id}"', at, f'examples."{label.known_at}"', f'examples."{label.name}"']
    given = {name: feature for name, feature in workload.features.items() if join or feature.source == spec.REQUEST}
    for name, feature in given.items():
        owner = "examples" if feature.source == spec.REQUEST else f'"{feature.source}_rows"'
        value = f'{owner}."{name}"'
        if feature.age:
            value = f"date_diff('second', {owner}.\"{workload.entities[feature.source].event_time}\", {at}) / 60.0"
        columns.append(f'{_cast(value, feature)} AS "{name}"')
    joins = [
        f'ASOF LEFT JOIN "{name}_rows" ON "{name}_rows"."{entity.record_identifier}" = '
        f'examples."{entity.record_identifier}" AND "{name}_rows"."{entity.event_time}" < {at}'
        for name, entity in (workload.entities.items() if join else ())
    ]
    return (
        f'SELECT {", ".join(columns)} FROM "{rows[examples.view]}" AS examples {" ".join(joins)} '  # noqa: S608
        f'ORDER BY {at}, examples."{examples.record_id}"'
    )


def _typed(workload: Workload, names: tuple[str, ...]) -> list[str]:
    return [_cast(f'"{name}"', workload.features[name]) + f' AS "{name}"' for name in names]


def _cast(value: str, feature: Feature) -> str:
    typed = f"CAST({value} AS {_TYPES[feature.type]})"
    # zero by zero, or a missing value as pandas writes it
    return f"nullif({typed}, 'NaN'::DOUBLE)" if feature.type is FeatureType.NUMBER else typed


def _infinite(workload: Workload, made: Features) -> Iterator[str]:
    """Say which numbers are infinite: no model takes them, nor does the feature store."""
    views = [(workload.examples.view, workload.feature_names(spec.REQUEST), made.examples)]
    views += [
        (entity.view, workload.stored_features(name), made.histories[name])
        for name, entity in workload.entities.items()
    ]
    for view, names, table in views:
        for name in names:
            if workload.features[name].type is FeatureType.NUMBER:
                mask = pc.fill_null(pc.is_inf(table[name]), False)
                if rows := pc.sum(mask).as_py():
                    record, at = (str(table[column][pc.index(mask, True).as_py()]) for column in range(2))
                    yield (
                        f"{view}.{name} must be finite, got infinity in {rows} rows, such as that of {record} at {at}. "
                        "A division by zero makes it: write `x / nullif(y, 0)` in features.sql."
                    )
