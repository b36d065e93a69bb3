"""What the actions on training and processing jobs have in common: create, describe, stop, list."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params
from sandbox.cloud.control.sagemaker import listing, tags
from sandbox.cloud.run.jobs.run import ENDED, RUNNING, USES, WORDS, JobRun
from sandbox.cloud.run.shared.roles import check_role
from sandbox.cloud.state import records

STOPPED_WITH_CLOUD = "InternalServerError: the local cloud stopped while the job ran"
OVER = ("Completed", "Failed", "Stopped")


def create(call: Call, kind: str, run: type[JobRun], record: records.Record) -> Params:
    """Check what every job has, remember it and start it.

    Raises
    ------
    AwsError
        ResourceInUse for a name that is taken, ValidationException for the role.
    """
    name = record[f"{kind}Name"]
    words = WORDS[kind].lower()
    arn = f"arn:aws:sagemaker:{call.region}:{call.account}:{words.replace(' ', '-')}/{name}"
    check_role(record["RoleArn"], USES[kind], name)
    now = datetime.now(UTC)
    record |= {f"{kind}Arn": arn, f"{kind}Status": "InProgress", "CreationTime": now, "LastModifiedTime": now}
    with records.LOCK:
        if name in records.table(kind):
            raise AwsError(
                "ResourceInUse",
                f"{WORDS[kind]} names must be unique within an AWS account and region, and a {words} with this name "
                f"already exists ({arn})",
            )
        records.table(kind)[name] = record
        records.began(kind, name)
    tags.put(arn, call.params.get("Tags", []))
    job = run(kind, record)
    RUNNING[kind, name] = job
    job.advance("Starting", "Preparing the instances for training")
    job.changed()
    job.start()
    return {f"{kind}Arn": arn}


def describe(kind: str, name: str) -> records.Record:
    """Return a copy of a job's record.

    Raises
    ------
    AwsError
        ValidationException if there is none.
    """
    with records.LOCK:
        if name not in records.table(kind):
            raise AwsError("ValidationException", "Requested resource not found.")
        return copy.deepcopy(records.table(kind)[name])


def list_summaries(kind: str, params: Params, members: Sequence[str]) -> Params:
    """Answer a List action with summaries of some members."""
    wanted = params.get("StatusEquals")
    with records.LOCK:
        rows = [copy.deepcopy(row) for row in records.table(kind).values() if wanted in (None, row[f"{kind}Status"])]
    params = {**params, "SortBy": f"{kind}Status"} if params.get("SortBy") == "Status" else params
    found, token = listing.page(listing.ordered(rows, params, f"{kind}Name", descending=True), params)
    summaries = [{member: row[member] for member in members if member in row} for row in found]
    return {f"{kind}Summaries": summaries} | ({"NextToken": token} if token else {})


def stop(kind: str, name: str) -> Params:
    """Stop a job that runs."""
    status = describe(kind, name)[f"{kind}Status"]
    job = RUNNING.get((kind, name))
    if job is None or status in OVER:
        raise AwsError(
            "ValidationException",
            f"The request was rejected because the {WORDS[kind].lower()} is in status {status}.",
        )
    job.stop()
    return {}


def fail_interrupted(kind: str) -> None:
    """At the start of the local cloud: what was running is Failed, and its files are gone."""
    shutil.rmtree(settings.current().folder / "jobs" / kind, ignore_errors=True)
    now = datetime.now(UTC)
    with records.LOCK:
        for record in records.table(kind).values():
            if record[f"{kind}Status"] in OVER:
                continue
            record |= {
                f"{kind}Status": "Failed",
                "FailureReason": STOPPED_WITH_CLOUD,
                "LastModifiedTime": now,
                ENDED[kind]: now,
            }
            if kind == "TrainingJob":
                record["SecondaryStatus"] = "Failed"
    records.changed()
