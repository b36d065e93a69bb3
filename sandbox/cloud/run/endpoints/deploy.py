"""An endpoint's life behind the actions: birth, update with rollback, deletion, and what a restart finds.

The order of an update, as SageMaker's all-at-once deployment has it: the new servers start beside the old ones, which
go on answering; when all are healthy the router switches in one step; the old ones finish their calls and end. If
they never get healthy the endpoint is InService again on its old configuration, with FailureReason.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.sagemaker import tags
from sandbox.cloud.events import bus
from sandbox.cloud.run.endpoints import fleets
from sandbox.cloud.run.endpoints.fleets import Fleet
from sandbox.cloud.run.endpoints.plan import VariantPlan, configuration, plans
from sandbox.cloud.run.endpoints.server import UnhealthyError
from sandbox.cloud.state import records
from sandbox.cloud.weather import capacity

log = logging.getLogger("headrace.endpoints")
Row = dict[str, Any]
Kept = dict[str, dict[str, Any]]  # by variant, fields of VariantPlan
_PROBLEMS = (UnhealthyError, AwsError, ClientError, BotoCoreError)
_ATTEMPTS_AFTER_RESTART = 3
_PENDING = "PendingDeploymentSummary"


def change(name: str, *, drop: tuple[str, ...] = (), **members: Any) -> Row | None:
    """Replace members of a record and return it; None if the endpoint is gone. A new status is told to the bus."""
    with records.LOCK:
        rows = records.table("Endpoint")
        if name not in rows:
            return None
        before = rows[name]
        kept = {key: value for key, value in before.items() if key not in drop}
        rows[name] = row = {**kept, **members, "LastModifiedTime": datetime.now(UTC)}
    records.changed()
    if row["EndpointStatus"] != before["EndpointStatus"]:
        tell(row)
    return row


def tell(row: Row, status: str | None = None) -> None:
    """Emit the endpoint's state as SageMaker does."""
    _emit("SageMaker Endpoint State Change", row, status or row["EndpointStatus"])


def _emit(detail_type: str, row: Row, status: str) -> None:
    upper = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()
    detail = {key: value for key, value in row.items() if key not in ("CreationTime", "LastModifiedTime")}
    times = {key: int(row[key].timestamp() * 1000) for key in ("CreationTime", "LastModifiedTime")}
    bus.emit("aws.sagemaker", detail_type, {**detail, **times, "EndpointStatus": upper}, [row["EndpointArn"]])


def create(name: str, config: Row, wanted: list[VariantPlan]) -> None:
    """Start a new endpoint's servers in the background."""
    row = records.table("Endpoint").get(name)
    if row is not None:
        tell(row)
    _in_background(name, lambda: _create(name, config, wanted))


def _create(name: str, config: Row, wanted: list[VariantPlan]) -> None:
    try:
        capacity.endpoint_instances(name)
        fleet = fleets.start(name, config, wanted)
    except _PROBLEMS as error:
        change(name, EndpointStatus="Failed", FailureReason=_reason(error))
        return
    fleets.switch(name, fleet)
    change(name, EndpointStatus="InService", **_shown(fleet))


def begin_update(name: str, config_name: str, deployment: Row | None) -> None:
    """Mark an endpoint Updating. Hold records.LOCK, so that two updates cannot both begin."""
    more: dict[str, Any] = {_PENDING: {"EndpointConfigName": config_name, "StartTime": datetime.now(UTC)}}
    if deployment:
        more["LastDeploymentConfig"] = deployment
    change(
        name,
        drop=("FailureReason",),
        EndpointStatus="Updating",
        **more,
    )


def update(name: str, config: Row, wanted: list[VariantPlan], kept: Kept) -> None:
    """Start the new servers in the background, switch when they are healthy, roll back when they are not."""
    _in_background(name, lambda: _update(name, config, _keeping(wanted, kept)))


def _update(name: str, config: Row, wanted: list[VariantPlan]) -> None:
    _stage(name, wanted, "Creating")
    try:
        capacity.update_instances(name)
        fleet = fleets.start(name, config, wanted)
    except _PROBLEMS as error:
        change(name, drop=(_PENDING,), EndpointStatus="InService", FailureReason=_reason(error))
        return
    _stage(name, wanted, "ActivatingTraffic")
    old = fleets.switch(name, fleet)
    _stage(name, wanted, "Deleting")
    if old is not None:
        old.retire()
    change(
        name,
        drop=(_PENDING, "FailureReason"),
        EndpointStatus="InService",
        EndpointConfigName=config["EndpointConfigName"],
        **_shown(fleet),
    )


def _stage(name: str, wanted: list[VariantPlan], status: str) -> None:
    """Write and tell where a deployment is."""
    with records.LOCK:
        row = records.table("Endpoint")[name]
        variants = [
            {
                "VariantName": plan.variant,
                "VariantStatus": [{"Status": status, "StartTime": datetime.now(UTC)}],
                "DesiredWeight": plan.weight,
                "DesiredInstanceCount": plan.count,
            }
            for plan in wanted
        ]
        row = change(name, PendingDeploymentSummary={**row[_PENDING], "ProductionVariants": variants}) or row
    _emit("SageMaker Endpoint Deployment State Change", row, row["EndpointStatus"])


def _keeping(plans_: list[VariantPlan], kept: Kept) -> list[VariantPlan]:
    """Return plans with the weights and counts that are to be kept."""
    return [replace(plan, **kept.get(plan.variant, {})) for plan in plans_]


def _shown(fleet: Fleet) -> Row:
    """Return what DescribeEndpoint shows of a fleet that answers."""
    variants = []
    for variant, server in fleet.servers.items():
        plan = server.plan
        resolved = f"{plan.image.split('@')[0].rsplit(':', 1)[0]}@{server.digest}"
        variants.append(
            {
                "VariantName": variant,
                "DeployedImages": [
                    {"SpecifiedImage": plan.image, "ResolvedImage": resolved, "ResolutionTime": datetime.now(UTC)}
                ],
                "CurrentWeight": plan.weight,
                "DesiredWeight": plan.weight,
                "CurrentInstanceCount": plan.count,
                "DesiredInstanceCount": plan.count,
            }
        )
    shown: Row = {"ProductionVariants": variants}
    capture = fleet.configuration.get("DataCaptureConfig")
    if capture:
        shown["DataCaptureConfig"] = {
            "EnableCapture": bool(capture.get("EnableCapture")),
            "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return shown


def delete(name: str) -> None:
    """Stop an endpoint's servers in the background and forget it."""
    _in_background(name, lambda: _delete(name))


def _delete(name: str) -> None:
    fleet = fleets.switch(name, None)
    if fleet is not None:
        fleet.retire()
    with records.LOCK:
        row = records.table("Endpoint").pop(name, None)
        if row is not None:
            tags.forget(row["EndpointArn"])
    records.changed()
    if row is not None:
        tell(row, "Deleted")


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, AwsError) else str(error)


def _in_background(name: str, work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        except Exception as error:
            log.exception("endpoint %s", name)
            reason = f"The local cloud failed: {type(error).__name__}: {error}"
            row = records.table("Endpoint").get(name, {})
            served = row.get("EndpointStatus") == "Updating"
            change(name, drop=(_PENDING,), EndpointStatus="InService" if served else "Failed", FailureReason=reason)

    threading.Thread(target=run, name=f"endpoint {name}", daemon=True).start()


def on_start() -> None:
    """Give the endpoints that served their servers again; end what a crash interrupted."""
    shutil.rmtree(settings.current().folder / "endpoints", ignore_errors=True)
    for name, row in list(records.table("Endpoint").items()):
        status = row["EndpointStatus"]
        if status == "Creating":
            change(name, EndpointStatus="Failed", FailureReason="The local cloud ended while the endpoint was created.")
        elif status == "Deleting":
            delete(name)
        elif status != "Failed":
            reason = row.get("FailureReason")
            if _PENDING in row:
                pending = row[_PENDING]["EndpointConfigName"]
                reason = f"The local cloud ended during the update to {pending}; it was rolled back."
            more = {"FailureReason": reason} if reason else {}
            change(name, drop=(_PENDING,), EndpointStatus="SystemUpdating", **more)
            _in_background(name, lambda name=name: _revive(name))  # type: ignore[misc]


def _revive(name: str) -> None:
    """Start the servers of the configuration that an endpoint had; weights and counts stay as they were."""
    row = records.table("Endpoint")[name]
    kept: Kept = {
        shown["VariantName"]: {"weight": shown["DesiredWeight"], "count": shown["DesiredInstanceCount"]}
        for shown in row["ProductionVariants"]
    }
    for attempt in range(1, _ATTEMPTS_AFTER_RESTART + 1):
        try:
            config = configuration(row["EndpointConfigName"])
            fleet = fleets.start(name, config, _keeping(plans(config), kept))
        except _PROBLEMS as error:
            if attempt == _ATTEMPTS_AFTER_RESTART:
                change(name, EndpointStatus="Failed", FailureReason=_reason(error))
                return
            log.warning("endpoint %s, attempt %d after the restart: %s", name, attempt, error)
        else:
            break
    with records.LOCK:
        wanted = records.table("Endpoint").get(name, {}).get("EndpointStatus") == "SystemUpdating"
        if wanted:
            fleets.switch(name, fleet)
    if not wanted:  # deleted meanwhile
        fleet.retire()
        return
    change(name, EndpointStatus="InService", **_shown(fleet))


def on_stop() -> None:
    """End all servers; their records stay, and the next start revives them."""
    fleets.stop_all(grace=2.0)
