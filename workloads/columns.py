"""Which columns a workload asks of its views, and of which type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workloads.fields import REQUEST, Workload
from workloads.kinds import ColumnType, FeatureType, LabelType

Location = tuple[str | int, ...]

TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}
"""DuckDB's type of a source's column."""
_INTEGERS = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")} | {
    "INTEGER",
    "UINTEGER",
}
_FEATURES: dict[FeatureType, ColumnType] = {
    FeatureType.INTEGER: "integer",
    FeatureType.NUMBER: "number",
    FeatureType.BOOLEAN: "boolean",
    FeatureType.CATEGORY: "string",
}
_LABELS: dict[LabelType, ColumnType] = {
    LabelType.BOOLEAN: "boolean",
    LabelType.CATEGORY: "string",
    LabelType.NUMBER: "number",
}


@dataclass(frozen=True)
class Wanted:
    """A column that the workload file names.

    Attributes
    ----------
    view : str
        Of which view.
    column : str
        Its name.
    kind : str
        Its type, as a source's columns have them.
    location : tuple
        The field of the workload file that says so.
    """

    view: str
    column: str
    kind: ColumnType
    location: Location


def wanted(workload: Workload) -> Iterator[Wanted]:
    """Yield every column that the workload's views must have."""
    view, label = workload.examples.view, workload.label
    yield Wanted(view, workload.examples.record_id, "string", ("examples", "record_id"))
    yield Wanted(view, workload.examples.event_time, "timestamp", ("examples", "event_time"))
    for name, entity in workload.entities.items():
        yield Wanted(view, entity.record_identifier, "string", ("entities", name, "record_identifier"))
    yield Wanted(view, label.name, _LABELS[label.type], ("label", "type"))
    yield Wanted(view, label.known_at, "timestamp", ("label", "known_at"))
    yield from _features(workload, REQUEST, view)
    for name, entity in workload.entities.items():
        yield Wanted(entity.view, entity.record_identifier, "string", ("entities", name, "record_identifier"))
        yield Wanted(entity.view, entity.event_time, "timestamp", ("entities", name, "event_time"))
        yield from _features(workload, name, entity.view)


def _features(workload: Workload, source: str, view: str) -> Iterator[Wanted]:
    for name in workload.feature_names(source):
        feature = workload.features[name]
        if not feature.age:
            yield Wanted(view, name, _FEATURES[feature.type], ("features", name, "type"))


def fits(made: str, kind: ColumnType) -> bool:
    """Say whether a column of a DuckDB type can be taken as a type of ours without losing anything."""
    if kind == "number":
        return made in _INTEGERS | {"FLOAT", "DOUBLE"} or made.startswith("DECIMAL")
    if kind == "integer":
        return made in _INTEGERS
    if kind == "string":
        return made == "VARCHAR" or made.startswith("ENUM")
    return made == TYPES[kind]


def remedy(column: str, made: str, kind: ColumnType, location: Location) -> str:
    """Say how a column of a DuckDB type becomes one of ours."""
    at = f'"{column}"'
    if made == '"NULL"':
        return f"Give NULL a type: CAST(NULL AS {TYPES[kind]})."
    if kind == "timestamp":
        if made.startswith("TIMESTAMP") or made == "DATE":
            return f"It says no time zone: write {at} AT TIME ZONE 'UTC', if UTC is what it is in."
        return "Make it a moment: to_timestamp(seconds), or name another column."
    if kind == "boolean":
        return f"Write it as a condition, such as {at} > 0, so that nobody has to guess what counts as true."
    if kind == "integer":
        other = ", or set `type: number` in workload.yaml" if location[0] == "features" else ""
        return f"Write CAST(round({at}) AS BIGINT) in the view{other}."
    return f"Write CAST({at} AS {TYPES[kind]}) in the view, or name another column."
