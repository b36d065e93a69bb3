"""SageMaker's endpoints: the actions on them. The work behind (starting, switching, stopping) is deploy's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.sagemaker import listing, tags
from sandbox.cloud.run.endpoints import deploy, fleets
from sandbox.cloud.run.endpoints.plan import configuration, endpoint_arn, plans
from sandbox.cloud.state import records

Row = dict[str, Any]


def find(name: str) -> Row:
    """Return an endpoint's record.

    Raises
    ------
    AwsError
        ValidationException, in SageMaker's words, if there is none.
    """
    row = records.table("Endpoint").get(name)
    if row is None:
        raise AwsError("ValidationException", f'Could not find endpoint "{endpoint_arn(name)}".')
    return row


@handles("sagemaker", "CreateEndpoint")
def create_endpoint(call: Call) -> Params:
    """Record an endpoint as Creating and start its servers in the background."""
    name, config_name = call.params["EndpointName"], call.params["EndpointConfigName"]
    arn = endpoint_arn(name)
    config = configuration(config_name)
    wanted = plans(config)
    now = datetime.now(UTC)
    row: Row = {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointConfigName": config_name,
        "EndpointStatus": "Creating",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    if "DeploymentConfig" in call.params:
        row["LastDeploymentConfig"] = call.params["DeploymentConfig"]
    with records.LOCK:
        rows = records.table("Endpoint")
        if name in rows:
            raise AwsError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        rows[name] = row
        tags.put(arn, call.params.get("Tags", []))
    records.changed()
    deploy.create(name, config, wanted)
    return {"EndpointArn": arn}


@handles("sagemaker", "DescribeEndpoint")
def describe_endpoint(call: Call) -> Params:
    """Return the record; while an update runs it still shows the old configuration, and the pending one beside it."""
    return dict(find(call.params["EndpointName"]))


@handles("sagemaker", "UpdateEndpoint")
def update_endpoint(call: Call) -> Params:
    """Start the servers of another configuration; the old ones answer until those are healthy."""
    name, config_name = call.params["EndpointName"], call.params["EndpointConfigName"]
    find(name)
    config = configuration(config_name)
    wanted = plans(config)
    with records.LOCK:
        row = find(name)
        _require_still(row)
        if row["EndpointConfigName"] == config_name:
            raise AwsError(
                "ValidationException",
                f'Cannot update endpoint "{row["EndpointArn"]}" to the endpoint configuration that it already has, '
                f"{config_name}. Create an endpoint configuration of another name.",
            )
        given = call.params.get("DeploymentConfig")
        keep = _kept(row, call.params)
        deploy.begin_update(name, config_name, given)
    deploy.update(name, config, wanted, keep)
    return {"EndpointArn": row["EndpointArn"]}


def _kept(row: Row, params: Params) -> deploy.Kept:
    """Return the weights and counts that RetainAllVariantProperties keeps, by variant."""
    if not params.get("RetainAllVariantProperties"):
        return {}
    excluded = {entry["VariantPropertyType"] for entry in params.get("ExcludeRetainedVariantProperties", [])}
    kept = {}
    for variant in row.get("ProductionVariants", []):
        values = {}
        if "DesiredWeight" not in excluded:
            values["weight"] = variant["DesiredWeight"]
        if "DesiredInstanceCount" not in excluded:
            values["count"] = variant["DesiredInstanceCount"]
        kept[variant["VariantName"]] = values
    return kept


def _require_still(row: Row) -> None:
    if row["EndpointStatus"] in ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"):
        raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{row["EndpointArn"]}".')
    if row["EndpointStatus"] != "InService":
        raise AwsError(
            "ValidationException",
            f'Cannot update endpoint "{row["EndpointArn"]}", which is {row["EndpointStatus"]}: delete it and create it '
            "again.",
        )


@handles("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_weights(call: Call) -> Params:
    """Change variants' weights and counts; the router obeys at once."""
    with records.LOCK:
        row = find(call.params["EndpointName"])
        _require_still(row)
        variants = {variant["VariantName"]: dict(variant) for variant in row["ProductionVariants"]}
        for wanted in call.params["DesiredWeightsAndCapacities"]:
            variant = variants.get(wanted["VariantName"])
            if variant is None:
                raise AwsError(
                    "ValidationException", f"Variant {wanted['VariantName']} not found: {', '.join(variants)}."
                )
            if "DesiredWeight" in wanted:
                variant["DesiredWeight"] = variant["CurrentWeight"] = wanted["DesiredWeight"]
            if "DesiredInstanceCount" in wanted:
                variant["DesiredInstanceCount"] = variant["CurrentInstanceCount"] = wanted["DesiredInstanceCount"]
        deploy.change(call.params["EndpointName"], ProductionVariants=list(variants.values()))
    fleets.weigh(call.params["EndpointName"], {name: variant["CurrentWeight"] for name, variant in variants.items()})
    return {"EndpointArn": row["EndpointArn"]}


@handles("sagemaker", "DeleteEndpoint")
def delete_endpoint(call: Call) -> Params:
    """Mark an endpoint Deleting and stop its servers in the background; the name is free when they have ended."""
    with records.LOCK:
        row = find(call.params["EndpointName"])
        if row["EndpointStatus"] in ("Creating", "Updating", "RollingBack"):
            raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{row["EndpointArn"]}".')
        if row["EndpointStatus"] == "Deleting":
            return {}
        deploy.change(call.params["EndpointName"], EndpointStatus="Deleting")
    deploy.delete(call.params["EndpointName"])
    return {}


@handles("sagemaker", "ListEndpoints")
def list_endpoints(call: Call) -> Params:
    """List endpoints by name, status and time, a page at a time."""
    status = call.params.get("StatusEquals")
    with records.LOCK:
        every = [row for row in records.table("Endpoint").values() if status in (None, row["EndpointStatus"])]
    rows, token = listing.page(listing.ordered(every, call.params, "EndpointName", descending=True), call.params)
    shown = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
    return {"Endpoints": [{name: row[name] for name in shown} for row in rows], "NextToken": token}
