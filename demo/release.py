"""Approval and release, as seen from outside: the package's status, the ledger, the endpoint."""

from __future__ import annotations

import time
from typing import Any

from demo.console import Clock, StoryError, line, step
from demo.environment import Environment
from demo.pipeline import Package, describe_package

_POLL = 0.5  # seconds
_PATIENCE = 300  # seconds that the approver and the release each get


def approval(environment: Environment, package: Package) -> Package:
    """Wait until the approver has approved the package.

    Raises
    ------
    StoryError
        When it is rejected, or nobody approved it in time.
    """
    clock = Clock()
    with step("waiting for the approver"):
        while package.status == "PendingManualApproval" and clock.seconds < _PATIENCE:
            time.sleep(_POLL)
            package = describe_package(environment, package.arn)
    if package.status != "Approved":
        raise StoryError(
            f"package {package.version} is {package.status} after {clock.seconds:.0f} s. The approver says why: "
            f"aws stepfunctions list-executions --state-machine-arn {environment['approver_state_machine_arn']}"
        )
    line("approval", package.arn.split(":", 5)[-1], "Approved", clock.seconds)
    return package


def release(environment: Environment, package: Package) -> dict[str, str]:
    """Wait until the ledger says how the package's release ended, and return that entry.

    Raises
    ------
    StoryError
        When the release was refused, rolled back or failed: the endpoint then answers with what it had before.
    """
    clock = Clock()
    with step("the release machine works"):
        while (entry := _last_entry(environment, package)) is None and clock.seconds < _PATIENCE:
            time.sleep(_POLL)
    if entry is None:
        raise StoryError(
            f"no release of package {package.version} after {clock.seconds:.0f} s; the endpoint answers as before. "
            f"aws stepfunctions list-executions --state-machine-arn {environment['release_state_machine_arn']} says why"
        )
    if entry["outcome"] != "released":
        raise StoryError(
            f"package {package.version} was not released, {entry['outcome']}: {entry.get('cause', 'no cause given')}. "
            "The endpoint answers as before."
        )
    line("release", f"endpoint/{environment['endpoint_name']}", f"{entry['outcome']}, verified", clock.seconds)
    return entry


def show(environment: Environment, entry: dict[str, str]) -> None:
    """Print the ledger's entry."""
    line("ledger", f"dynamodb/{environment['ledger_table']}", entry["outcome"])
    for name in sorted(entry):
        line("", f"  {name:<24}", entry[name])


def _last_entry(environment: Environment, package: Package) -> dict[str, str] | None:
    found = environment.client("dynamodb").query(
        TableName=environment["ledger_table"],
        KeyConditionExpression="endpoint_name = :endpoint",
        ExpressionAttributeValues={":endpoint": {"S": environment["endpoint_name"]}},
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    entries = [{name: _text(value) for name, value in item.items()} for item in found["Items"]]
    return next((entry for entry in entries if entry.get("model_package_arn") == package.arn), None)


def _text(value: dict[str, Any]) -> str:
    return str(next(iter(value.values())))
