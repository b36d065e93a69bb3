"""Athena's workgroups: without tags, updated, and refused when they are not there."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.moto import backends

_REPLACED = {
    "EnforceWorkGroupConfiguration",
    "PublishCloudWatchMetricsEnabled",
    "BytesScannedCutoffPerQuery",
    "RequesterPaysEnabled",
    "EngineVersion",
    "AdditionalConfiguration",
    "ExecutionRole",
    "CustomerContentEncryptionConfiguration",
    "EnableMinimumEncryptionConfiguration",
}


@handles("athena", "CreateWorkGroup")
def _create(call: Call) -> Params:
    if call.params["Name"] in _work_groups(call):
        raise AwsError("InvalidRequestException", f"WorkGroup is already created: {call.params['Name']}")
    call.forward({"Tags": [], **call.params})
    return {}


@handles("athena", "GetWorkGroup")
def _get(call: Call) -> Params:
    _find(call)
    return call.forward()


@handles("athena", "UpdateWorkGroup")
def _update(call: Call) -> Params:
    group, given = _find(call), call.params
    group.description = given.get("Description", group.description)
    group.state = given.get("State", group.state)
    changes = given.get("ConfigurationUpdates", {})
    configuration = group.configuration
    configuration.update({member: value for member, value in changes.items() if member in _REPLACED})
    if changes.get("RemoveBytesScannedCutoffPerQuery"):
        configuration.pop("BytesScannedCutoffPerQuery", None)
    result = {**changes.get("ResultConfigurationUpdates", {})}
    if result:
        kept = configuration.setdefault("ResultConfiguration", {})
        for member in [name for name in result if name.startswith("Remove")]:
            if result.pop(member):
                kept.pop(member.removeprefix("Remove"), None)
        kept.update(result)
    return {}


def _work_groups(call: Call) -> dict[str, Any]:
    groups: dict[str, Any] = backends.of("athena", call.account, call.region).work_groups
    return groups


def _find(call: Call) -> Any:
    name = call.params["WorkGroup"]
    if name not in _work_groups(call):
        raise AwsError("InvalidRequestException", f"WorkGroup {name} is not found.")
    return _work_groups(call)[name]
