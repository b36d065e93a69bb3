"""The feature store's runtime: records in, newest values out.

The online store holds the newest record of an identifier by event time; the offline store (offline.py)
gets every record that comes. Feature groups themselves are control/'s.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.run.feature_store import offline, rules
from sandbox.cloud.run.feature_store.rules import Group
from sandbox.cloud.state import records

SERVICE = "sagemaker-featurestore-runtime"
BATCH_WRITE_LIMIT = 25
BATCH_GET_LIMIT = 100
_UNIT_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 604800}

Row = dict[str, Any]  # EventTime (text), at (seconds), features ({name: value}), deleted, expires (seconds or None)


@handles(SERVICE, "PutRecord")
def put_record(call: Call) -> Params:
    """Check and write one record."""
    _put(rules.group(call.params["FeatureGroupName"]), call.params, None)
    records.changed()
    return {}


@handles(SERVICE, "BatchWriteRecord")
def batch_write_record(call: Call) -> Params:
    """Write up to 25 records; an entry that breaks a rule is an error of its own, the others are written."""
    entries = call.params["Entries"]
    if len(entries) > BATCH_WRITE_LIMIT:
        raise AwsError(
            "ValidationError",
            f"Entries must have at most {BATCH_WRITE_LIMIT} members, got {len(entries)}: split the batch",
        )
    errors = []
    groups: dict[str, Group] = {}
    for entry in entries:
        name = entry["FeatureGroupName"]
        try:
            if name not in groups:
                groups[name] = rules.group(name)
            _put(groups[name], entry, call.params.get("TtlDuration"))
        except AwsError as error:
            errors.append({"Entry": entry, "ErrorCode": error.code, "ErrorMessage": error.message})
    records.changed()
    return {"Errors": errors, "UnprocessedEntries": []}


@handles(SERVICE, "GetRecord")
def get_record(call: Call) -> Params:
    """Return the newest record of an identifier, nothing if there is none."""
    group = rules.group(call.params["FeatureGroupName"])
    rules.require_online(group)
    names = call.params.get("FeatureNames")
    rules.require_features(group, names or [])
    row = _find(group, call.params["RecordIdentifierValueAsString"])
    return {} if row is None else _answer(row, names, call.params.get("ExpirationTimeResponse"))


@handles(SERVICE, "BatchGetRecord")
def batch_get_record(call: Call) -> Params:
    """Return the newest records of identifiers of several groups; what is not there is left out."""
    found: list[Params] = []
    errors: list[Params] = []
    for wanted in call.params["Identifiers"]:
        name, identifiers = wanted["FeatureGroupName"], wanted["RecordIdentifiersValueAsString"]
        if len(identifiers) > BATCH_GET_LIMIT:
            raise AwsError(
                "ValidationError",
                f"RecordIdentifiersValueAsString of {name} must have at most {BATCH_GET_LIMIT} members, "
                f"got {len(identifiers)}: split the batch",
            )
        try:
            group = rules.group(name)
            rules.require_online(group)
            rules.require_features(group, wanted.get("FeatureNames") or [])
        except AwsError as error:
            errors += [
                {
                    "FeatureGroupName": name,
                    "RecordIdentifierValueAsString": identifier,
                    "ErrorCode": error.code,
                    "ErrorMessage": error.message,
                }
                for identifier in identifiers
            ]
            continue
        for identifier in identifiers:
            row = _find(group, identifier)
            if row is not None:
                answer = _answer(row, wanted.get("FeatureNames"), call.params.get("ExpirationTimeResponse"))
                found.append({"FeatureGroupName": name, "RecordIdentifierValueAsString": identifier, **answer})
    return {"Records": found, "Errors": errors, "UnprocessedIdentifiers": []}


@handles(SERVICE, "DeleteRecord")
def delete_record(call: Call) -> Params:
    """Delete a record: hidden and kept as a marker (SoftDelete, the default) or gone (HardDelete)."""
    group = rules.group(call.params["FeatureGroupName"])
    stores = rules.target_stores(group, call.params.get("TargetStores"))
    event_time, at = rules.event_time(group, call.params["EventTime"])
    identifier = call.params["RecordIdentifierValueAsString"]
    hard = call.params.get("DeletionMode") == "HardDelete"
    if "OnlineStore" in stores:
        with records.LOCK:
            rows = _online(group)
            stored = rows.get(identifier)
            if stored is None or stored["at"] <= at:
                if hard:
                    rows.pop(identifier, None)
                else:
                    rows[identifier] = {
                        "EventTime": event_time,
                        "at": at,
                        "features": {},
                        "deleted": True,
                        "expires": None,
                    }
    if "OfflineStore" in stores:
        marker = {group.identifier: identifier, group.event_time: event_time}
        offline.append(group, marker, is_deleted=True)
    records.changed()
    return {}


def _put(group: Group, entry: Params, batch_ttl: Params | None) -> None:
    stores = rules.target_stores(group, entry.get("TargetStores"))
    features, event_time, at = rules.checked(group, entry["Record"])
    ttl = entry.get("TtlDuration") or batch_ttl or group.ttl
    expires = at + ttl["Value"] * _UNIT_SECONDS[ttl["Unit"]] if ttl else None
    if "OnlineStore" in stores:
        row: Row = {"EventTime": event_time, "at": at, "features": features, "deleted": False, "expires": expires}
        identifier = str(features[group.identifier])
        with records.LOCK:
            rows = _online(group)
            stored = rows.get(identifier)
            if stored is None or stored["at"] <= at:
                rows[identifier] = row
    if "OfflineStore" in stores:
        offline.append(group, features, is_deleted=False)


def _online(group: Group) -> dict[str, Row]:
    """Return a group's rows; a group that was deleted and made anew starts empty. Hold records.LOCK."""
    kind = f"OnlineStore:{group.name}:{group.created}"
    known = records.table("OnlineStore")
    before = known.get(group.name)
    if before is None or before["kind"] != kind:
        if before is not None:
            records.table(before["kind"]).clear()
        known[group.name] = {"kind": kind}
    return records.table(kind)


def _find(group: Group, identifier: str) -> Row | None:
    with records.LOCK:
        row = _online(group).get(identifier)
    if row is None or row["deleted"] or (row["expires"] is not None and row["expires"] <= time.time()):
        return None
    return row


def _answer(row: Row, names: list[str] | None, expiration: str | None) -> Params:
    answer: Params = {
        "Record": [
            {"FeatureName": name, "ValueAsStringList" if isinstance(value, list) else "ValueAsString": value}
            for name, value in row["features"].items()
            if not names or name in names
        ]
    }
    if expiration == "Enabled" and row["expires"] is not None:
        answer["ExpiresAt"] = datetime.fromtimestamp(row["expires"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return answer
