"""Processing job: raw event streams in; training part, hold-out and entity histories out, each apart.

What was read is written down too: the version of the data set is the digest of the object versions.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from training import dataset, features, job, storage
from training.job import JobError
from training.storage import Version
from workloads.spec import Source, Workload

_ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare the events from ``--data-start`` to before ``--data-end`` (ISO dates, UTC)."""
    start, end = _dates(arguments)
    workload = job.workload()
    bucket = job.setting("RAW_BUCKET")
    s3 = storage.client("s3")
    versions = _inputs(workload, s3, bucket, start, end)
    streams = {}
    for name, source in workload.sources.items():
        tables = [_table(source, s3, bucket, version) for version in versions[name]]
        streams[name] = _cut(pa.concat_tables(tables), source, start, end)
        job.say(f"Read {name}: {streams[name].num_rows} rows from {len(tables)} files")
    job.say("Computing features")
    made = features.compute(workload, streams)
    examples = _answered(workload, made.examples, end)
    parts = dataset.split(workload, examples)
    _write(parts.training, dataset.TRAINING, dataset.TRAINING)
    _write(dataset.holdout_features(workload, parts), dataset.HOLDOUT, dataset.HOLDOUT)
    _write(dataset.holdout_labels(workload, parts), dataset.LABELS, dataset.LABELS)
    for name, history in made.histories.items():
        _write(history, "histories", name)
    record = _version(bucket, versions, start, end)
    _describe(dataset.TRAINING, dataset.VERSION_FILE, record)
    _describe(dataset.LABELS, dataset.SPLIT_FILE, dataset.describe(workload, parts, record["dataset_version"]))
    job.say(f"Dataset version {record['dataset_version']}")


def _dates(arguments: Sequence[str] | None) -> tuple[datetime, datetime]:
    parser = argparse.ArgumentParser(prog="training.prepare")
    parser.add_argument("--data-start", required=True)
    parser.add_argument("--data-end", required=True)
    given = parser.parse_args(arguments)
    found, problems = [], []
    for name, value in (("DataStart", given.data_start), ("DataEnd", given.data_end)):
        try:
            found.append(datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC))
        except ValueError:
            problems.append(f"{name} must be an ISO date, got {value!r}. Write it as 2013-01-31.")
    if problems:
        raise JobError("\n".join(problems))
    start, end = found
    if start >= end:
        raise JobError(f"DataStart must be before DataEnd, got {start:%Y-%m-%d} and {end:%Y-%m-%d}. Exchange them.")
    return start, end


def _inputs(workload: Workload, s3: Any, bucket: str, start: datetime, end: datetime) -> dict[str, list[Version]]:
    """Find the objects to read: a source's months between the dates, or all of a reference source."""
    months = _months(start, end)
    chosen: dict[str, list[Version]] = {}
    missing = []
    for name, source in workload.sources.items():
        found = storage.newest_versions(s3, bucket, f"raw/{name}/")
        by_month = {PurePosixPath(version.key).stem: version for version in found if version.key.endswith(".parquet")}
        chosen[name] = [by_month[month] for month in sorted(by_month) if source.reference or month in months]
        if not source.reference:
            missing += [f"raw/{name}/{month}.parquet" for month in months if month not in by_month]
        elif not chosen[name]:
            missing.append(f"raw/{name}/*.parquet")
    if missing:
        raise JobError(
            f"s3://{bucket} must hold the events from DataStart to DataEnd; it lacks {', '.join(missing)}. "
            "Load these months, or choose other dates."
        )
    return chosen


def _months(start: datetime, end: datetime) -> list[str]:
    months, year, month = [], start.year, start.month
    while datetime(year, month, 1, tzinfo=UTC) < end:
        months.append(f"{year}-{month:02}")
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return months


def _table(source: Source, s3: Any, bucket: str, version: Version) -> pa.Table:
    """Read one object with the declared columns in their declared types."""
    place = f"s3://{bucket}/{version.key}"
    table = pq.ParquetFile(io.BytesIO(storage.read_version(s3, bucket, version))).read()
    missing = [column for column in source.columns if column not in table.column_names]
    if missing:
        raise JobError(
            f"{place} must have the columns {', '.join(source.columns)}; it lacks {', '.join(missing)}. "
            "Load the file again with them, or correct the source's columns in workload.yaml."
        )
    columns, problems = {}, []
    for name, kind in source.columns.items():
        try:
            columns[name] = table[name].cast(_ARROW_TYPES[kind])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            problems.append(f"{name} must be of type {kind}, got {table[name].type} ({error})")
    if problems:
        raise JobError(f"{place} has columns of another type: {'; '.join(problems)}. Load the file again.")
    return pa.table(columns)


def _cut(table: pa.Table, source: Source, start: datetime, end: datetime) -> pa.Table:
    """Keep the events between the dates; reference rows are known whatever the start."""
    at = table[source.event_time]
    known = pc.less(at, pa.scalar(end, at.type))
    if not source.reference:
        known = pc.and_(known, pc.greater_equal(at, pa.scalar(start, at.type)))
    return table.filter(known)


def _answered(workload: Workload, examples: pa.Table, end: datetime) -> pa.Table:
    """Keep the examples whose answer was known before the end of the data."""
    known_at = examples[workload.label.known_at]
    known = pc.and_(pc.is_valid(examples[workload.label.name]), pc.less(known_at, pa.scalar(end, known_at.type)))
    answered = examples.filter(known)
    job.say(f"{answered.num_rows} of {examples.num_rows} examples have an answer")
    return answered


def _write(table: pa.Table, folder: str, name: str) -> None:
    pq.write_table(table, job.output(folder, f"{name}.parquet"), compression="zstd")
    job.say(f"Wrote {folder}/{name}.parquet: {table.num_rows} rows")


def _describe(folder: str, name: str, content: dict[str, Any]) -> None:
    job.output(folder, name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _version(bucket: str, versions: dict[str, list[Version]], start: datetime, end: datetime) -> dict[str, Any]:
    """Describe what was read; its digest is the dataset's version."""
    content = {
        "data_start": f"{start:%Y-%m-%d}",
        "data_end": f"{end:%Y-%m-%d}",
        "bucket": bucket,
        "objects": [
            {"key": version.key, "version_id": version.version_id, "etag": version.etag}
            for name in sorted(versions)
            for version in versions[name]
        ],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"dataset_version": f"sha256:{digest}", **content}


if __name__ == "__main__":
    job.processing_main(main)
