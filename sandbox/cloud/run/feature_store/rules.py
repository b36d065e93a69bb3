"""What a feature group allows: names, types, event times, stores. Every breach of a record is told at once."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.sagemaker import feature_groups
from sandbox.cloud.state import records

_INTEGER = re.compile(r"[+-]?\d+")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
Feature = str | list[str]


@dataclass(frozen=True)
class Group:
    """A feature group as the runtime needs it.

    Attributes
    ----------
    types : dict
        Feature name to Integral, Fractional or String.
    collections : set
        Features that hold lists.
    created : str
        Tells a group from an earlier one of the same name.
    offline_uri : str or None
        The offline store's ResolvedOutputS3Uri.
    """

    name: str
    identifier: str
    event_time: str
    types: dict[str, str]
    collections: frozenset[str]
    created: str
    online: bool
    ttl: dict[str, Any] | None
    offline_uri: str | None
    offline_key: str | None
    role_arn: str | None


def group(name_or_arn: str) -> Group:
    """Return a group by name or ARN; ResourceNotFound if there is none."""
    name = name_or_arn.rsplit("/", maxsplit=1)[-1]
    row = records.table("FeatureGroup").get(name)
    if row is None:
        raise AwsError("ResourceNotFound", f"Feature Group {name} does not exist.", 404)
    row = dict(row)
    feature_groups.settled(None, row)
    if row.get("FeatureGroupStatus", "Created") != "Created":
        raise AwsError(
            "ValidationError", f"Feature Group {name} is {row['FeatureGroupStatus']}: wait until it is Created."
        )
    online = row.get("OnlineStoreConfig") or {}
    storage = (row.get("OfflineStoreConfig") or {}).get("S3StorageConfig") or {}
    definitions = row["FeatureDefinitions"]
    return Group(
        name=name,
        identifier=row["RecordIdentifierFeatureName"],
        event_time=row["EventTimeFeatureName"],
        types={d["FeatureName"]: d.get("FeatureType", "String") for d in definitions},
        collections=frozenset(d["FeatureName"] for d in definitions if d.get("CollectionType")),
        created=str(row.get("CreationTime", "")),
        online=bool(online.get("EnableOnlineStore")),
        ttl=online.get("TtlDuration"),
        offline_uri=storage.get("ResolvedOutputS3Uri"),
        offline_key=storage.get("KmsKeyId"),
        role_arn=row.get("RoleArn"),
    )


def require_online(of: Group) -> None:
    """Refuse a read of a group that has no online store."""
    if not of.online:
        raise AwsError(
            "ValidationError", f"Feature Group {of.name} has no online store: read its offline store instead."
        )


def require_features(of: Group, names: list[str]) -> None:
    """Refuse names that the group does not define."""
    unknown = [name for name in names if name not in of.types]
    if unknown:
        raise AwsError(
            "ValidationError",
            f"Feature Group {of.name} has no feature {', '.join(unknown)}; it has {', '.join(of.types)}.",
        )


def target_stores(of: Group, asked: list[str] | None) -> set[str]:
    """Return the stores that a write goes to: those asked for, by default those that the group has."""
    has = {"OnlineStore"} if of.online else set()
    if of.offline_uri:
        has.add("OfflineStore")
    missing = set(asked or ()) - has
    if missing:
        raise AwsError("ValidationError", f"TargetStores: Feature Group {of.name} has no {', '.join(sorted(missing))}.")
    return set(asked) if asked else has


def event_time(of: Group, value: str) -> tuple[str, float]:
    """Return an event time as given and in seconds since 1970."""
    problem, at = _event_time(of, value)
    if problem:
        raise AwsError("ValidationError", f"Feature Group {of.name}: {problem}")
    return value, at


def checked(of: Group, record: list[dict[str, Any]]) -> tuple[dict[str, Feature], str, float]:
    """Check a record against its group.

    Returns
    -------
    features : dict
        Name to value, in the record's order.
    event_time : str
        As given.
    at : float
        The event time in seconds since 1970.
    """
    problems: list[str] = []
    features: dict[str, Feature] = {}
    at = 0.0
    for member in record:
        name = member["FeatureName"]
        value = member.get("ValueAsStringList", member.get("ValueAsString"))
        if name in features:
            problems.append(f"{name} is there twice: give every feature once.")
        elif name not in of.types:
            problems.append(f"{name} is not defined; the group has {', '.join(of.types)}.")
        elif value is None:
            problems.append(f"{name} has no value: leave out a feature that is missing.")
        elif problem := _type_problem(of, name, value):
            problems.append(problem)
        if value is not None:
            features.setdefault(name, value)
    for name, what in ((of.identifier, "the record identifier"), (of.event_time, "the event time")):
        if not features.get(name):
            problems.append(f"{name} must be there: it is {what}.")
    if isinstance(when := features.get(of.event_time), str) and when:
        problem, at = _event_time(of, when)
        if problem:
            problems.append(problem)
    if problems:
        raise AwsError(
            "ValidationError",
            f"Validation error in the record for Feature Group {of.name}: {' '.join(dict.fromkeys(problems))}",
        )
    return features, str(features[of.event_time]), at


def _type_problem(of: Group, name: str, value: Feature) -> str | None:
    if (name in of.collections) != isinstance(value, list):
        kind = "a list (ValueAsStringList)" if name in of.collections else "one value (ValueAsString)"
        return f"{name} must be {kind}, got {value!r}."
    if name == of.event_time:
        return None
    kind = of.types[name]
    for one in value if isinstance(value, list) else [value]:
        if kind == "Integral" and not (_INTEGER.fullmatch(one) and -(2**63) <= int(one) < 2**63):
            return f"{name} must be Integral (a whole number of 64 bits), got {one!r}."
        if kind == "Fractional" and _number(one) is None:
            return f"{name} must be Fractional (a finite number; leave out what is missing), got {one!r}."
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _event_time(of: Group, value: str) -> tuple[str | None, float]:
    if of.types[of.event_time] == "String":
        if not _ISO.fullmatch(value):
            return f"{of.event_time} must be yyyy-MM-ddTHH:mm:ssZ or yyyy-MM-ddTHH:mm:ss.SSSZ, got {value!r}.", 0.0
        try:
            return None, datetime.fromisoformat(value).astimezone(UTC).timestamp()
        except ValueError as error:
            return f"{of.event_time} is no moment of the calendar ({error}), got {value!r}.", 0.0
    number = _number(value)
    if number is None or number < 0:
        return f"{of.event_time} must be seconds since 1970, got {value!r}.", 0.0
    return None, number
