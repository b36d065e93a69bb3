"""Questions to a model: what a caller knows itself, and what it reads from the feature store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from demo.serving import feature_groups
from status.environment import Environment
from workloads.loading import Questions
from workloads.spec import Workload

_BATCH = 100  # identifiers of one BatchGetRecord


@dataclass(frozen=True)
class Question:
    """Something that the model is asked about, and what became of it.

    Attributes
    ----------
    record : str
        Its identifier.
    asked_at : Timestamp
    instance : dict
        The model's inputs, as the endpoint takes them.
    truth : bool, str or float
        The label that it turned out to have.
    """

    record: str
    asked_at: pd.Timestamp
    instance: dict[str, Any]
    truth: Any


def questions(environment: Environment, workload: Workload, asked: Questions, count: int) -> list[Question]:
    """Make questions of real examples, evenly spread over a time.

    What a caller knows itself comes from the data; the entities' histories come from the feature groups of the model
    that serves, as they are now.

    Parameters
    ----------
    environment : Environment
        Where the model serves.
    workload : Workload
        What it was trained for.
    asked : Questions
        The raw rows, and between which moments examples are taken.
    count : int
        How many, at most.
    """
    examples = _examples(workload, asked)
    count = min(count, len(examples))
    chosen = examples.iloc[[round(index * (len(examples) - 1) / max(count - 1, 1)) for index in range(count)]]
    rows = chosen.to_dict("records")
    groups = feature_groups(environment)
    histories = {
        entity: _histories(environment, workload.entities[entity].record_identifier, groups[entity], rows)
        for entity in workload.entities
    }
    return [_question(workload, row, histories) for row in rows]


def _examples(workload: Workload, asked: Questions) -> pd.DataFrame:
    """Make the examples that have an answer, as the workload's SQL makes them of the raw rows."""
    with duckdb.connect() as lake:
        lake.execute("SET TimeZone = 'UTC'")
        for source, rows in asked.sources.items():
            lake.register(source, rows)
        lake.execute((workload.folder / "features.sql").read_text(encoding="utf-8"))
        examples, label = workload.examples, workload.label
        found: pd.DataFrame = (
            lake.sql(
                f"SELECT * FROM {examples.view} WHERE {examples.event_time} BETWEEN ? AND ? "  # noqa: S608
                f"AND {label.name} IS NOT NULL ORDER BY {examples.event_time}, {examples.record_id}",
                params=[asked.start, asked.end],
            )
            .to_arrow_table()
            .to_pandas()
        )
        return found


def _histories(
    environment: Environment, identifier: str, group: str, rows: Sequence[dict[Any, Any]]
) -> dict[str, dict[str, str]]:
    wanted = sorted({str(row[identifier]) for row in rows if row[identifier] is not None})
    runtime, records = environment.client("sagemaker-featurestore-runtime"), []
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        records += runtime.batch_get_record(
            Identifiers=[{"FeatureGroupName": group, "RecordIdentifiersValueAsString": batch}]
        )["Records"]
    return {
        record["RecordIdentifierValueAsString"]: {
            feature["FeatureName"]: feature["ValueAsString"] for feature in record["Record"]
        }
        for record in records
    }


def _question(workload: Workload, row: dict[Any, Any], histories: dict[str, dict[str, dict[str, str]]]) -> Question:
    asked_at = pd.Timestamp(row[workload.examples.event_time])
    instance: dict[str, Any] = {name: plain(row[name]) for name in workload.feature_names("request")}
    for entity, owner in workload.entities.items():
        record = histories[entity].get(str(row[owner.record_identifier]), {})
        for name in workload.stored_features(entity):
            instance[name] = _stored(workload.features[name].type, record.get(name))
        for name in workload.age_features(entity):
            known_at = record.get(owner.event_time)
            age = None if known_at is None else (asked_at - pd.Timestamp(known_at)).total_seconds() / 60
            instance[name] = age
    record_id, truth = str(row[workload.examples.record_id]), plain(row[workload.label.name])
    return Question(record_id, asked_at, instance, truth)


def _stored(kind: str, value: str | None) -> Any:
    """Read a value of the feature store, which gives text, as JSON has it."""
    if value is None or kind == "category":
        return value
    if kind == "boolean":
        return bool(int(value))
    return int(float(value)) if kind == "integer" else float(value)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: None for what is missing, Python's numbers for numpy's."""
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
