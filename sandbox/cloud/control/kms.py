"""KMS: the rotation period of a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.cloud.actions import Call, Params, handles
from sandbox.cloud.state import records

_TABLE = "KeyRotation"
_DEFAULT_DAYS = 365


@handles("kms", "EnableKeyRotation")
def _enable(call: Call) -> Params:
    call.forward()
    days = call.params.get("RotationPeriodInDays", _DEFAULT_DAYS)
    records.table(_TABLE)[_key(call)] = {"days": days, "since": datetime.now(UTC)}
    records.changed()
    return {}


@handles("kms", "GetKeyRotationStatus")
def _status(call: Call) -> Params:
    found = call.forward()
    kept = records.table(_TABLE).get(_key(call))
    if found.get("KeyRotationEnabled") and kept:
        found["RotationPeriodInDays"] = kept["days"]
        found["NextRotationDate"] = kept["since"] + timedelta(days=kept["days"])
    found["KeyId"] = _key(call)
    return found


def _key(call: Call) -> str:
    return str(call.params["KeyId"]).rpartition("/")[2]
