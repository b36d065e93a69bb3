"""The online feature store gets the newest row of each entity's history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

import pyarrow as pa

from training import storage
from training.job import JobError
from workloads.spec import FeatureType, Workload

_BATCH = 25  # BatchWriteRecord takes no more
_WRITERS = 4
_ATTEMPTS = 5


def publish(workload: Workload, entity: str, history: pa.Table, group: str) -> int:
    """Write the newest row of each record of an entity.

    Parameters
    ----------
    workload : Workload
        Which the entity belongs to.
    entity : str
        Name of the entity.
    history : pyarrow.Table
        Its history, ordered by event time.
    group : str
        Name of the entity's feature group.

    Returns
    -------
    int
        How many records were written.

    Raises
    ------
    JobError
        If the feature store refuses records, or still leaves some unprocessed after five attempts.
    """
    entries = [
        {"FeatureGroupName": group, "Record": record, "TargetStores": ["OnlineStore"]}
        for record in _records(workload, entity, history)
    ]
    client = storage.client("sagemaker-featurestore-runtime")
    batches = [entries[start : start + _BATCH] for start in range(0, len(entries), _BATCH)]
    with ThreadPoolExecutor(_WRITERS) as writers:
        for _ in writers.map(lambda batch: _write(client, batch), batches):
            pass
    return len(entries)


def _records(workload: Workload, entity: str, history: pa.Table) -> Iterator[list[dict[str, str]]]:
    owner = workload.entities[entity]
    newest = {row[owner.record_identifier]: row for row in history.to_pylist()}
    for identifier in sorted(newest):
        row = newest[identifier]
        record = {
            owner.record_identifier: identifier,
            owner.event_time: row[owner.event_time].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for name in workload.stored_features(entity):
            if row[name] is not None:  # the feature store knows no null: a missing value is a missing feature
                record[name] = _text(workload.features[name].type, row[name])
        yield [{"FeatureName": name, "ValueAsString": value} for name, value in record.items()]


def _text(kind: FeatureType, value: Any) -> str:
    return str(int(value)) if kind in (FeatureType.INTEGER, FeatureType.BOOLEAN) else str(value)


def _write(client: Any, entries: list[dict[str, Any]]) -> None:
    for attempt in range(_ATTEMPTS):
        answer = client.batch_write_record(Entries=entries)
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise JobError(
                f"The feature store refused {len(answer['Errors'])} records, the first with {first['ErrorCode']}: "
                f"{first['ErrorMessage']} ({first['Entry']})"
            )
        entries = answer.get("UnprocessedEntries", [])
        if not entries:
            return
        time.sleep(2**attempt * 0.2)
    raise JobError(
        f"The feature store left {len(entries)} records unprocessed after {_ATTEMPTS} attempts. Run the step again."
    )
