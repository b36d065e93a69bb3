"""Processing job: raw event streams in; training part, hold-out and entity histories out, each apart.

What was read is written down too: the version of the data set is the digest of the object versions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agreements import prefixes, variables
from training import dataset, features, job, labels, proof, raw, storage
from training.job import JobError
from training.proof import maturity
from training.raw import RawFile, Stream
from training.storage import Version
from workloads.spec import Source, Workload

Prove = Callable[[Workload, Mapping[str, pa.Table], features.Features, dataset.Split], None]

_LARGE = 2**24  # bytes, from which on parts of an object are read rather than all of it


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
    too_new : int
        Of the rest, rows so new that others of their age have no answer yet.
    histories : dict of str to LeftOut
        By entity, rows of its view that are not in its history.
    split : dict
        Rows of the training part and the hold-out, and where one ends and the other begins.
    """

    sources: dict[str, SourceRows]
    examples: int
    label_null: int
    known_late: int
    too_new: int
    histories: dict[str, features.LeftOut]
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
    bucket = job.setting(variables.RAW_BUCKET)
    s3 = storage.client("s3")
    versions = {name: storage.newest_versions(s3, bucket, prefixes.source(name)) for name in workload.sources}
    files = {name: [_file(s3, bucket, version) for version in found] for name, found in versions.items()}
    try:
        streams = raw.read_all(workload.sources, files, start, end)
    except raw.RawDataError as error:
        raise JobError(f"s3://{bucket} holds raw data that cannot be read:\n{error}") from error
    for name, stream in streams.items():
        job.say(f"Read {name}: {stream}")
    prepared = build(workload, {name: stream.table for name, stream in streams.items()}, start, end)
    for part, table in prepared.parts.items():
        _write(table, part, part)
    for name, history in prepared.histories.items():
        _write(history, "histories", name)
    record = _version(bucket, versions, streams, start, end)
    report = {**asdict(prepared.report), "files": {name: stream.describe() for name, stream in streams.items()}}
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
    *,
    compute: features.Compute | None = None,
    prove: Prove | None = None,
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
    compute : callable, optional
        What runs the SQL, by default `training.features.compute`; another may remember what it made.
    prove : callable, optional
        What proves that nothing looks ahead, by default `training.proof.prove`; another may remember what it proved.

    Raises
    ------
    JobError
        If the SQL fails, or its examples cannot be split.
    workloads.problems.ProblemsError
        If a feature looks ahead, or is the answer.
    """
    within = {
        name: raw.canonical(_cut(streams[name], source, start, end), source.event_time)
        for name, source in workload.sources.items()
    }
    rows = {
        name: SourceRows(streams[name].num_rows, streams[name].num_rows - kept.num_rows)
        for name, kept in within.items()
    }
    job.say("Computing features")
    made = (compute or features.compute)(workload, within)
    if not made.examples.num_rows:
        raise JobError(_no_examples(workload, rows, start, end))
    for name, left_out in made.left_out.items():
        for what, count in asdict(left_out).items():
            if count:
                job.say(f"Left {count} rows out of the history of {name}: {what.replace('_', ' ')}")
    answer, at = made.examples[workload.label.name], made.examples[workload.label.known_at]
    unanswered = pc.is_null(answer)
    late = pc.and_not(pc.invert(pc.fill_null(pc.less(at, pa.scalar(end, at.type)), False)), unanswered)
    answered = made.examples.filter(pc.invert(pc.or_(unanswered, late)))
    job.say(f"{answered.num_rows} of {made.examples.num_rows} examples have an answer")
    if problem := labels.unanswered(workload, made.examples, end):
        raise JobError(problem)
    waited = maturity.wait(workload, answered, end)
    settled = maturity.old_enough(workload, answered, end, waited)
    too_new = answered.num_rows - settled.num_rows
    job.say(f"Answers come within {waited}: {too_new} newer examples are left out")
    parts = dataset.split(workload, settled, waited)
    job.say("Proving that nothing looks ahead")
    (prove or proof.prove)(workload, within, made, parts)
    split = dataset.describe(workload, parts)
    label_null, known_late = (pc.sum(mask).as_py() or 0 for mask in (unanswered, late))
    tables = {
        dataset.TRAINING: parts.training,
        dataset.HOLDOUT: dataset.holdout_features(workload, parts),
        dataset.LABELS: dataset.holdout_labels(workload, parts),
    }
    report = Report(rows, made.examples.num_rows, label_null, known_late, too_new, made.left_out, split)
    return Prepared(tables, made.histories, report)


def _no_examples(workload: Workload, rows: Mapping[str, SourceRows], start: datetime, end: datetime) -> str:
    empty = [name for name, of_source in rows.items() if of_source.read == of_source.outside]
    because = f" No row of {', '.join(empty)} lies between them." if empty else ""
    return (
        f"{workload.examples.view} must have rows between DataStart and DataEnd, got none from {start:%Y-%m-%d} to "
        f"{end:%Y-%m-%d}.{because} Load events of these dates, or choose other dates."
    )


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


def _file(s3: Any, bucket: str, version: Version) -> RawFile:
    """Return an object as a file, which is read here and there where it is large."""
    ranged = partial(storage.RangedReader, s3, bucket, version) if version.size > _LARGE else None
    return RawFile(version.key, partial(storage.read_version, s3, bucket, version), ranged)


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


def _version(
    bucket: str,
    versions: Mapping[str, Sequence[Version]],
    streams: Mapping[str, Stream],
    start: datetime,
    end: datetime,
) -> dict[str, Any]:
    """Describe the objects that gave rows; its digest is the dataset's version."""
    content = {
        "data_start": f"{start:%Y-%m-%d}",
        "data_end": f"{end:%Y-%m-%d}",
        "bucket": bucket,
        "objects": [
            {"key": version.key, "version_id": version.version_id, "etag": version.etag}
            for name in sorted(versions)
            for version in versions[name]
            if version.key in streams[name].keys
        ],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"dataset_version": f"sha256:{digest}", **content}


if __name__ == "__main__":
    job.processing_main(main)
