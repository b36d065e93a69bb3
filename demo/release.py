"""Approval and release, as seen from outside: the package's status, the ledger, the endpoint."""

from __future__ import annotations

import json
import time
import uuid

from demo.console import Clock, StoryError, line, note, step
from status import ledger
from status.environment import Environment
from status.packages import Package, describe_package

_POLL = 0.5  # seconds
_PATIENCE = 60  # seconds without an approval, or without a release that runs, after which something is wrong
_EVENT_SECONDS = 15  # after which an event counts as lost
_TRIES = 3  # of a release that fails for want of what AWS should have given


def approval(environment: Environment, package: Package) -> Package:
    """Wait until the approver has approved the package; where its event was lost, ask it.

    Raises
    ------
    StoryError
        When it is rejected, or nobody approved it in time.
    """
    clock = Clock()
    asked, approver = False, environment.own.approver_state_machine_arn
    with step("waiting for the approver"):
        while package.status == "PendingManualApproval" and clock.seconds < _PATIENCE:
            time.sleep(_POLL)
            if approver and not asked and clock.seconds > _EVENT_SECONDS:
                _ask(environment, approver, {"model_package_arn": package.arn})
                asked = True
            package = describe_package(environment, package.arn)
    if package.status != "Approved":
        raise StoryError(
            f"package {package.version} is {package.status} after {clock.seconds:.0f} s. The approver says why: "
            f"aws stepfunctions list-executions --state-machine-arn {approver}"
        )
    line("approval", package.arn.split(":", 5)[-1], "Approved", clock.seconds)
    return package


def release(environment: Environment, package: Package) -> dict[str, str]:
    """Wait until the ledger says how the package's release ended, and return that entry.

    The approval's event starts the release; where it was lost, or a release failed, this starts one. What was refused
    or rolled back is not tried again.

    Raises
    ------
    StoryError
        When the release was refused, rolled back or failed: the endpoint then answers with what it had before.
    """
    clock = Clock()
    with step("the release machine works"):
        entry = _last_entry(environment, package)
        if entry is None:
            entry = _next_entry(environment, package, None, asked=False)
        for _ in range(_TRIES):
            if entry["outcome"] == "released":
                break
            _start(environment, package)
            entry = _next_entry(environment, package, entry, asked=True)
            if entry["outcome"] != "failed":
                break
            note(f"the release failed: {entry['error']}: {entry['cause']}")
    if entry["outcome"] != "released":
        raise StoryError(
            f"package {package.version} was not released but {entry['outcome']}: {entry['error']}: {entry['cause']}\n"
            "The endpoint answers as before."
        )
    line("release", f"endpoint/{environment.own.endpoint_name}", f"{entry['outcome']}, verified", clock.seconds)
    return entry


def _next_entry(
    environment: Environment, package: Package, earlier: dict[str, str] | None, *, asked: bool
) -> dict[str, str]:
    """Wait for another entry than the one given; where nobody has asked for a release, ask once the event is lost."""
    clock = Clock()
    while (entry := _last_entry(environment, package)) is None or entry == earlier:
        if clock.seconds > _PATIENCE and not _running(environment):
            raise StoryError(
                f"no release of package {package.version} within {clock.seconds:.0f} s; the endpoint answers as "
                "before. The release machine says why: aws stepfunctions list-executions --state-machine-arn "
                + environment.own.release_state_machine_arn
            )
        if not asked and clock.seconds > _EVENT_SECONDS and not _running(environment):
            _start(environment, package)
            asked = True
        time.sleep(_POLL)
    return entry


def show(environment: Environment, entry: dict[str, str]) -> None:
    """Print the ledger's entry."""
    line("ledger", f"dynamodb/{environment.own.ledger_table}", entry["outcome"])
    for name in sorted(name for name in entry if entry[name]):
        note(f"{name:<18} {entry[name]}")


def _start(environment: Environment, package: Package) -> None:
    asked = {"model_package_arn": package.arn, "reason": "make demo", "requested_by": "demo"}
    _ask(environment, environment.own.release_state_machine_arn, asked)


def _ask(environment: Environment, machine_arn: str, asked: dict[str, str]) -> None:
    """Start a state machine; under a name, so that a repeated call starts no second execution."""
    environment.client("stepfunctions").start_execution(
        stateMachineArn=machine_arn, name=f"demo-{uuid.uuid4()}", input=json.dumps(asked)
    )


def _running(environment: Environment) -> bool:
    listed = (
        environment.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=environment.own.release_state_machine_arn, statusFilter="RUNNING")
    )
    return any(page["executions"] for page in listed)


def _last_entry(environment: Environment, package: Package) -> dict[str, str] | None:
    return next((entry for entry in ledger.entries(environment) if entry.get("package") == package.arn), None)
