"""Processing job: raw event streams in; training part, hold-out and entity histories out, each apart.

What was read is written down too: the version of the data set is the digest of the object versions.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from training import dataset, features, job, labels, storage
from training.job import JobError
from training.storage import Version
from workloads.spec import Source, Workload

Compute = Callable[[Workload, Mapping[str, pa.Table], Path | None], features.Features]

_ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class SourceRows:
    """What became of the rows of a source.

    Attributes
    ----------
    read : int
        Rows of the files that were read.
    outside : int
        Of these, the rows whose event time lies outside the dates.
    """

    read: int
    outside: int


@dataclass(frozen=True)
class Report:
    """What prepare saw.

    Attributes
    ----------
    sources : dict of str to SourceRows
        By source.
    examples : int
        Rows of the examples' view.
    label_null : int
        Of these, rows without an answer.
    known_late : int
        Of these, rows whose answer became known only after the end of the data, or at no moment.
    split : dict
        Rows of the training part and the hold-out, and where one ends and the other begins.
    """

    sources: dict[str, SourceRows]
    examples: int
    label_null: int
    known_late: int
    split: dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A data set, and what was seen on the way to it.

    Attributes
    ----------
    parts : dict of str to pyarrow.Table
        By name, one for each of `dataset.PARTS`.
    histories : dict of str to pyarrow.Table
        By entity: its identifier, event time and stored features, ordered by both.
    report : Report
    """

    parts: dict[str, pa.Table]
    histories: dict[str, pa.Table]
    report: Report


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
        streams[name] = pa.concat_tables(tables)
        job.say(f"Read {name}: {streams[name].num_rows} rows from {len(tables)} files")
    prepared = build(workload, streams, start, end)
    for part, table in prepared.parts.items():
        _write(table, part, part)
    for name, history in prepared.histories.items():
        _write(history, "histories", name)
    record = _version(bucket, versions, start, end)
    report = asdict(prepared.report)
    split = {"dataset_version": record["dataset_version"], **report["split"]}
    _describe(dataset.TRAINING, dataset.VERSION_FILE, record)
    _describe(dataset.LABELS, dataset.SPLIT_FILE, split)
    _describe(dataset.LABELS, dataset.REPORT_FILE, report)
    job.say(f"Dataset version {record['dataset_version']}")


def build(
    workload: Workload,
    streams: Mapping[str, pa.Table],
    start: datetime,
    end: datetime,
    folder: Path | None = None,
    *,
    compute: Compute | None = None,
) -> Prepared:
    """Make a data set of event streams; reads and writes nothing but the workload's SQL.

    Parameters
    ----------
    workload : Workload
        Whose SQL is run.
    streams : mapping of str to pyarrow.Table
        Every source of the workload, with its declared columns in their declared types; rows in any order.
    start, end : datetime
        Events from ``start`` to before ``end`` count; those of a reference source whenever they happened before the
        end.
    folder : Path, optional
        Where ``features.sql`` lies; by default the workload's own folder.
    compute : callable, optional
        What runs the SQL, by default `training.features.compute`; another may remember what it made.

    Raises
    ------
    JobError
        If the SQL fails, or its examples cannot be split.
    """
    within = {name: _cut(streams[name], source, start, end) for name, source in workload.sources.items()}
    rows = {
        name: SourceRows(streams[name].num_rows, streams[name].num_rows - kept.num_rows)
        for name, kept in within.items()
    }
    job.say("Computing features")
    made = (compute or features.compute)(workload, within, folder)
    answer, at = made.examples[workload.label.name], made.examples[workload.label.known_at]
    unanswered = pc.is_null(answer)
    late = pc.and_not(pc.invert(pc.fill_null(pc.less(at, pa.scalar(end, at.type)), False)), unanswered)
    answered = made.examples.filter(pc.invert(pc.or_(unanswered, late)))
    job.say(f"{answered.num_rows} of {made.examples.num_rows} examples have an answer")
    if problem := labels.unanswered(workload, made.examples, end):
        raise JobError(problem)
    parts = dataset.split(workload, answered)
    split = dataset.describe(workload, parts)
    label_null, known_late = (pc.sum(mask).as_py() or 0 for mask in (unanswered, late))
    tables = {
        dataset.TRAINING: parts.training,
        dataset.HOLDOUT: dataset.holdout_features(workload, parts),
        dataset.LABELS: dataset.holdout_labels(workload, parts),
    }
    return Prepared(tables, made.histories, Report(rows, made.examples.num_rows, label_null, known_late, split))


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
