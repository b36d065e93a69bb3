"""What is particular to feature groups: what a new one must be, and how AWS changes one that is there.

Making and updating take a moment, as on AWS. The moment's end is a time in the record, so that it survives a restart;
`settled` completes a copy of a record with what is true now.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.state import records
from sandbox.cloud.state.records import Record

MAKING_SECONDS = 1.0
UPDATING_SECONDS = 1.0
MOST_FEATURES = 2500
_RESERVED = {"is_deleted", "write_time", "api_invocation_time"}
_CHANGES = ("FeatureAdditions", "OnlineStoreConfig", "ThroughputConfig")


def create(call: Call, row: Record) -> None:
    """Check a new group and begin to make it."""
    _features(row["FeatureDefinitions"])
    names = [feature["FeatureName"] for feature in row["FeatureDefinitions"]]
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if row[member] not in names:
            raise AwsError("ValidationException", f"{member} {row[member]!r} is not one of FeatureDefinitions.")
    offline = row.get("OfflineStoreConfig")
    if not offline and not (row.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
        raise AwsError("ValidationException", "At least one of OnlineStoreConfig and OfflineStoreConfig must be there.")
    if offline:
        _offline(call, row, offline)
    row["FeatureGroupStatus"] = "Creating"
    row["MadeAt"] = time.time() + MAKING_SECONDS
    from sandbox.cloud.run.feature_store import birth  # noqa: PLC0415 - run's modules know ours

    birth.check(row)


def update(call: Call, row: Record) -> None:
    """Check a change of a group and begin it; `row` holds the request over the record."""
    asked = {member: row.pop(member) for member in _CHANGES if member in call.params}
    row.update({member: value for member, value in _stored(call).items() if member in _CHANGES})
    settled(call, row)
    if len(asked) != 1:
        raise AwsError("ValidationException", f"Give exactly one of {', '.join(_CHANGES)}, got {sorted(asked)}.")
    if row["FeatureGroupStatus"] != "Created":
        raise AwsError(
            "ValidationException", f"Feature group {row['FeatureGroupName']} is {row['FeatureGroupStatus']}."
        )
    if (row.get("LastUpdateStatus") or {}).get("Status") == "InProgress":
        # AWS documents that updates are asynchronous, not what a second one meets: this is the stricter reading.
        raise AwsError("ValidationException", f"An update of feature group {row['FeatureGroupName']} is in progress.")
    if "FeatureAdditions" in asked:
        _features([*row["FeatureDefinitions"], *asked["FeatureAdditions"]])
    elif "OnlineStoreConfig" in asked and not (row.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
        raise AwsError("ValidationException", f"Feature group {row['FeatureGroupName']} has no online store.")
    row["LastUpdateStatus"] = {"Status": "InProgress"}
    row["Updating"] = {"until": time.time() + UPDATING_SECONDS, "asked": asked}


def settled(_: Call | None, row: Record) -> None:
    """Complete a copy of a record: what was being made or updated is so, once its time has come."""
    if row.get("MadeAt", 0) <= time.time() and row.get("FeatureGroupStatus") == "Creating":
        row["FeatureGroupStatus"] = "Created"
    updating = row.get("Updating")
    if updating and updating["until"] <= time.time():
        row.pop("Updating")
        asked = updating["asked"]
        row["FeatureDefinitions"] = [*row["FeatureDefinitions"], *asked.get("FeatureAdditions", [])]
        for member in ("OnlineStoreConfig", "ThroughputConfig"):
            if member in asked:
                row[member] = {**(row.get(member) or {}), **asked[member]}
        row["LastUpdateStatus"] = {"Status": "Successful"}


def _stored(call: Call) -> Record:
    name = call.params["FeatureGroupName"].rpartition("/")[2]
    return records.table("FeatureGroup")[name]


def _features(definitions: list[dict[str, Any]]) -> None:
    count = Counter(feature["FeatureName"] for feature in definitions)
    twice = sorted(name for name, times in count.items() if times > 1)
    if twice:
        raise AwsError("ValidationException", f"Feature names must be unique, {', '.join(twice)} is there already.")
    if reserved := sorted(_RESERVED & count.keys()):
        raise AwsError("ValidationException", f"FeatureName cannot be {', '.join(reserved)}.")
    if len(definitions) > MOST_FEATURES:
        message = f"A feature group has at most {MOST_FEATURES} features, got {len(definitions)}."
        raise AwsError("ResourceLimitExceeded", message)


def _offline(call: Call, row: Record, offline: dict[str, Any]) -> None:
    name, storage = row["FeatureGroupName"], offline["S3StorageConfig"]
    made = int(row["CreationTime"].timestamp())
    storage.setdefault(
        "ResolvedOutputS3Uri",
        f"{storage['S3Uri'].rstrip('/')}/{call.account}/sagemaker/{call.region}/offline-store/{name}-{made}/data",
    )
    table = f"{name}_{made}".replace("-", "_").lower()
    catalogue = {"Catalog": "AwsDataCatalog", "Database": "sagemaker_featurestore", "TableName": table}
    offline.setdefault("DataCatalogConfig", catalogue)
    row["OfflineStoreStatus"] = {"Status": "Active"}


@handles("sagemaker", "DescribeFeatureMetadata", "UpdateFeatureMetadata")
def metadata(call: Call) -> Params:
    """Keep a description and parameters with one feature of a group."""
    name, feature = call.params["FeatureGroupName"].rpartition("/")[2], call.params["FeatureName"]
    with records.LOCK:
        group = records.table("FeatureGroup").get(name)
        row = dict(group or {})
        settled(None, row)
        types = {one["FeatureName"]: one["FeatureType"] for one in row.get("FeatureDefinitions", [])}
        if feature not in types:
            what = f"Feature {feature} of feature group {name}" if group else f"Feature group {name}"
            raise AwsError("ResourceNotFound", f"{what} does not exist.")
        known = dict(row.get("FeatureMetadata", {}).get(feature, {}))
        if call.action == "UpdateFeatureMetadata":
            _annotate(known, call.params)
            kept = {**row.get("FeatureMetadata", {}), feature: known}
            records.table("FeatureGroup")[name] = {**(group or {}), "FeatureMetadata": kept}
            records.changed()
            return {}
    at = row["CreationTime"]
    return {
        "FeatureGroupArn": row["FeatureGroupArn"],
        "FeatureGroupName": name,
        "FeatureName": feature,
        "FeatureType": types[feature],
        "CreationTime": at,
        "LastModifiedTime": known.get("LastModifiedTime", at),
        **{member: known[member] for member in ("Description", "Parameters") if member in known},
    }


def _annotate(known: Record, asked: Params) -> None:
    if "Description" in asked:
        known["Description"] = asked["Description"]
    parameters = {one["Key"]: one.get("Value") for one in known.get("Parameters", [])}
    parameters |= {one["Key"]: one.get("Value") for one in asked.get("ParameterAdditions", [])}
    kept = {key: value for key, value in parameters.items() if key not in asked.get("ParameterRemovals", [])}
    known["Parameters"] = [{"Key": key, "Value": value} for key, value in kept.items()]
    known["LastModifiedTime"] = datetime.now(UTC)
