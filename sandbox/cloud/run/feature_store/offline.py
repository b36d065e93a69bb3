"""The offline store: every record that came, as Parquet files below the group's S3 address.

Records wait in a table that survives a crash and are written every few seconds, many to a file, partitioned by the
hour of the event as AWS does it for Glue-format groups.
"""

from __future__ import annotations

import io
import logging
import threading
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam.service_uses import FEATURE_STORE
from sandbox.cloud.run.feature_store import rules
from sandbox.cloud.run.feature_store.rules import Group
from sandbox.cloud.run.shared.roles import assume, role_client
from sandbox.cloud.run.shared.transfer import encryption, split
from sandbox.cloud.state import records

log = logging.getLogger("headrace.feature_store")
EVERY_SECONDS = 2.0
_TYPES = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
_READ: dict[str, Any] = {"Integral": int, "Fractional": float, "String": str}
_wake = threading.Event()
_stopping = threading.Event()
_thread: threading.Thread | None = None
_flushing = threading.Lock()


def append(group: Group, features: dict[str, Any], *, is_deleted: bool) -> None:
    """Queue a record; the caller calls records.changed()."""
    row = {"group": group.name, "created": group.created, "features": features, "is_deleted": is_deleted}
    with records.LOCK:
        records.table("OfflineQueue")[uuid.uuid4().hex] = {**row, "at": datetime.now(UTC)}
    _wake.set()


def on_start() -> None:
    """Start the writer; it begins with what waited when the local cloud ended."""
    global _thread  # noqa: PLW0603
    _stopping.clear()
    _wake.set()
    _thread = threading.Thread(target=_loop, name="offline-store", daemon=True)
    _thread.start()


def on_stop() -> None:
    """End the writer; what waits is kept with the state."""
    _stopping.set()
    _wake.set()
    if _thread is not None:
        _thread.join(timeout=1)


def _loop() -> None:
    while not _stopping.is_set():
        _wake.wait()
        _wake.clear()
        _stopping.wait(EVERY_SECONDS)
        try:
            flush()
        except Exception:
            log.exception("the offline store's writer goes on after an error")
        if records.table("OfflineQueue"):
            _wake.set()


def flush() -> None:
    """Write everything that waits, one file a group and hour."""
    with _flushing:
        with records.LOCK:
            waiting = dict(records.table("OfflineQueue"))
        by_group: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
        for key, row in waiting.items():
            by_group[row["group"], row["created"]][key] = row
        for (name, created), rows in by_group.items():
            _write_group(name, created, rows)


def _write_group(name: str, created: str, rows: dict[str, Any]) -> None:
    try:
        group = rules.group(name)
    except AwsError:
        group = None
    if group is None or group.created != created or group.offline_uri is None:
        _forget(rows)  # the group is gone: nobody can ask for its records
        return
    by_hour: dict[datetime, dict[str, Any]] = defaultdict(dict)
    for key, row in rows.items():
        _, at = rules.event_time(group, row["features"][group.event_time])
        by_hour[datetime.fromtimestamp(at, UTC).replace(minute=0, second=0, microsecond=0)][key] = row
    try:
        s3 = role_client("s3", assume(group.role_arn or "", FEATURE_STORE, name, "FeatureStore"))
        for hour, these in by_hour.items():
            _write(s3, group, hour, list(these.values()))
            _forget(these)
    except BotoCoreError:
        if not _stopping.is_set():
            raise
    except (AwsError, ClientError) as error:
        if _status(name, {"Status": "Blocked", "BlockedReason": str(error)[:1024]}):
            log.warning("feature group %s: the offline store is blocked: %s", name, error)
    else:
        _status(name, {"Status": "Active"})


def _write(s3: Any, group: Group, hour: datetime, rows: list[dict[str, Any]]) -> None:
    columns: dict[str, Any] = {}
    for name, kind in group.types.items():
        read = _READ[kind]
        values = [row["features"].get(name) for row in rows]
        if name in group.collections:
            lists = [None if value is None else [read(one) for one in value] for value in values]
            columns[name] = pa.array(lists, pa.list_(_TYPES[kind]))
        else:
            columns[name] = pa.array([None if value is None else read(value) for value in values], _TYPES[kind])
    moment = pa.timestamp("ms", tz="UTC")
    columns["write_time"] = pa.array([datetime.now(UTC)] * len(rows), moment)
    columns["api_invocation_time"] = pa.array([row["at"] for row in rows], moment)
    columns["is_deleted"] = pa.array([row["is_deleted"] for row in rows], pa.bool_())
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    bucket, prefix = split(group.offline_uri or "")
    file = f"{hour:%Y%m%dT%H%M%SZ}_{uuid.uuid4().hex[:16]}.parquet"
    key = f"{prefix.rstrip('/')}/year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}/{file}"
    s3.put_object(Bucket=bucket, Key=key, Body=body.getvalue(), **encryption(group.offline_key))


def _forget(rows: dict[str, Any]) -> None:
    with records.LOCK:
        queue = records.table("OfflineQueue")
        for key in rows:
            queue.pop(key, None)
    records.changed()


def _status(name: str, status: dict[str, str]) -> bool:
    """Write the store's status into the group's record; say whether it is a new one."""
    with records.LOCK:
        groups = records.table("FeatureGroup")
        if name not in groups or groups[name].get("OfflineStoreStatus", {}).get("Status") == status["Status"]:
            return False
        groups[name] = {**groups[name], "OfflineStoreStatus": status}
    records.changed()
    return True
