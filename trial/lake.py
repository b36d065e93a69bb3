"""A sample of a deployed lake, read with the caller's credentials and kept by the objects' versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from agreements import prefixes
from machine.cli import PulumiError, output
from training import storage
from training.raw import RawFile
from training.raw import files as raw_files
from training.storage import Version
from trial import running
from trial.cache import Cache
from trial.digests import digest
from trial.files import File, Files
from trial.running import Trial
from workloads.problems import Problem, ProblemsError
from workloads.spec import Workload

MOST = 500 * 1024**2
"""Bytes that are read of a lake."""
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def bucket_of(stack: str) -> str:
    """Return the name of the raw bucket of an environment that is deployed.

    Raises
    ------
    ProblemsError
        If `pulumi` cannot tell.
    """
    try:
        return str(output(stack, "raw_bucket"))
    except PulumiError as error:
        said = "".join(error.said.splitlines()[-1:])
        remedy = f"Deploy it with `make up ENV={stack}`, or name a folder of events with FROM. pulumi says: {said}"
        problem = Problem(field="ENV", rule="be an environment that is deployed", value=stack, remedy=remedy)
        raise ProblemsError([problem]) from error


def run(
    workload: str | Path,
    stack: str,
    start: date | str | None = None,
    end: date | str | None = None,
    cache: Cache | None = None,
) -> Trial:
    """Try a workload on a sample of the lake of an environment; see `trial.run`.

    Parameters
    ----------
    workload : str or Path
        Name or folder.
    stack : str
        The environment, as `pulumi` knows it in this shell.
    start, end : date or str, optional
        Events from ``start`` to before ``end`` count; by default the newest, as far as they are not too much.
    cache : Cache, optional
        Where objects, streams and views are kept.

    Raises
    ------
    ProblemsError, JobError
        As `trial.run`, or if the lake cannot be read with the caller's credentials.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in `training.storage`

    cache = cache or Cache()
    first, last = running.dates_of(start, end)
    described = running.read(workload)
    bucket = bucket_of(stack)
    try:
        given, first = sample(described, bucket, cache, start=first, end=last)
        return running.run(described, given, first, last, cache=cache)
    except (BotoCoreError, ClientError) as error:
        remedy = f"The credentials of this shell must read it: see docs/try.md. {error}"
        problem = Problem(field="ENV", rule="have a lake that you may read", value=f"s3://{bucket}", remedy=remedy)
        raise ProblemsError([problem]) from error


def sample(
    workload: Workload,
    bucket: str,
    cache: Cache,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    most: int = MOST,
) -> tuple[Files, datetime | None]:
    """Choose objects of a workload's sources: those of the dates, or else the newest ones that are not too much.

    Parameters
    ----------
    workload : Workload
        Whose sources are read.
    bucket : str
        The raw bucket.
    cache : Cache
        Where objects are kept, by their version.
    start, end : datetime, optional
        From when, and before when.
    most : int
        Bytes that are read.

    Returns
    -------
    Files
        The newest version of each object that may hold events of the dates.
    datetime, optional
        The start of the sample: as given, or a later one where all would have been too much.

    Raises
    ------
    ProblemsError
        If it is too much, or a source has no objects.
    """
    s3 = storage.client("s3")
    found = {name: storage.newest_versions(s3, bucket, prefixes.source(name)) for name in workload.sources}
    for begin in [start] if start else [None, *_starts(found)]:
        chosen = {
            name: [
                version
                for version in versions
                if _meets(version.key, None if workload.sources[name].reference else begin, end)
            ]
            for name, versions in found.items()
        }
        size = sum(version.size for versions in chosen.values() for version in versions)
        if size <= most:
            break
    else:
        remedy = "Choose fewer days with START and END, or load a part of the lake to a folder and name it with FROM."
        rule = f"be at most {most // 1024**2} MB to be tried on"
        raise ProblemsError(
            [Problem(field=f"s3://{bucket}/raw", rule=rule, value=f"{size // 1024**2} MB", remedy=remedy)]
        )
    problems = [
        Problem(
            field=f"sources.{name}",
            rule=f"have objects of these dates below s3://{bucket}/raw/{name}/",
            value=f"{len(found[name])} of other dates",
            remedy="Load events to it, or choose other dates.",
        )
        for name, versions in chosen.items()
        if not versions
    ]
    if problems:
        raise ProblemsError(problems)
    return {
        name: [_file(s3, bucket, version, cache) for version in versions] for name, versions in chosen.items()
    }, begin


def _starts(found: Mapping[str, list[Version]]) -> list[datetime]:
    """Return when files begin, by what their layout says, from the first to the last."""
    periods = (raw_files.period(version.key) for versions in found.values() for version in versions)
    return sorted({period[0] for period in periods if period})


def _meets(key: str, start: datetime | None, end: datetime | None) -> bool:
    if raw_files.table_format(key):
        return True  # reading it says what is wrong, as the job would
    if not raw_files.holds_rows(key):
        return False
    period = raw_files.period(key)
    return period is None or (period[0] < (end or _LAST) and period[1] > (start or _FIRST))


def _file(s3: Any, bucket: str, version: Version, cache: Cache) -> File:
    name = digest("object", bucket, version.key, version.version_id, version.etag)
    read = partial(storage.read_version, s3, bucket, version)
    return File(RawFile(version.key, partial(cache.content, f"objects/{name}", read)), name)
