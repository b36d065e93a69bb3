"""The kinds of declared SageMaker resources, and what is particular to each."""

from __future__ import annotations

import json
from typing import Any

from sandbox.cloud import clients
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.sagemaker import declared, feature_groups
from sandbox.cloud.control.sagemaker.declared import Kind
from sandbox.cloud.state import records
from sandbox.cloud.state.records import Record

_MLFLOW_VERSION = "3.0"


def _model(call: Call, row: Record) -> None:
    if bool(row.get("PrimaryContainer")) == bool(row.get("Containers")):
        raise AwsError("ValidationException", "Give exactly one of PrimaryContainer and Containers.")
    row.setdefault("EnableNetworkIsolation", False)
    for container in [row.get("PrimaryContainer"), *row.get("Containers", [])]:
        if container:
            container.setdefault("Mode", "SingleModel")
    from sandbox.cloud.run.endpoints import model_data  # noqa: PLC0415 - run's modules know ours

    model_data.check(row, call.region)


def _endpoint_config(_: Call, row: Record) -> None:
    variants = [*row["ProductionVariants"], *row.get("ShadowProductionVariants", [])]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise AwsError("ValidationException", f"Production variant names must be unique, got {names}.")
    for variant in variants:
        model = variant.get("ModelName")
        if model and model not in records.table("Model"):
            arn = row["EndpointConfigArn"].rsplit(":", 1)[0] + f":model/{model}"
            raise AwsError("ValidationException", f'Could not find model "{arn}".')
        variant.setdefault("InitialVariantWeight", 1.0)
    row.setdefault("EnableNetworkIsolation", False)


def _endpoint_config_unused(_: Call, row: Record) -> None:
    name = row["EndpointConfigName"]
    for endpoint in records.table("Endpoint").values():
        if endpoint["EndpointStatus"] == "Deleting":
            continue  # its servers may take a moment to end, which AWS does not wait for either
        pending = (endpoint.get("PendingDeploymentSummary") or {}).get("EndpointConfigName")
        if name in (endpoint.get("EndpointConfigName"), pending):
            raise AwsError(
                "ValidationException",
                f'Cannot delete endpoint configuration "{row["EndpointConfigArn"]}": '
                f'endpoint "{endpoint["EndpointName"]}" uses it.',
            )


def _package_group_empty(_: Call, row: Record) -> None:
    name = row["ModelPackageGroupName"]
    left = [p for p in records.table("ModelPackage").values() if p.get("ModelPackageGroupName") == name]
    if left:
        raise AwsError(
            "ConflictException",
            f"Model package group {row['ModelPackageGroupArn']} holds {len(left)} model packages. Delete them first.",
        )


def _pipeline(_: Call, row: Record) -> None:
    place = row.pop("PipelineDefinitionS3Location", None)
    if place:
        version = {"VersionId": place["VersionId"]} if place.get("VersionId") else {}
        found = clients.client("s3").get_object(Bucket=place["Bucket"], Key=place["ObjectKey"], **version)
        row["PipelineDefinition"] = found["Body"].read().decode()
    try:
        definition = json.loads(row["PipelineDefinition"])
    except (KeyError, ValueError) as bad:
        raise AwsError("ValidationException", f"PipelineDefinition is not JSON: {bad}") from bad
    if not isinstance(definition, dict) or "Steps" not in definition:
        raise AwsError("ValidationException", "PipelineDefinition has no Steps.")
    row.setdefault("PipelineDisplayName", row["PipelineName"])


def _mlflow() -> Any:
    from sandbox.cloud.run.mlflow import servers  # noqa: PLC0415 - only where a server is asked for

    return servers


def _tracking_server(_: Call, row: Record) -> None:
    _mlflow().start(row["TrackingServerName"], row["ArtifactStoreUri"], row["RoleArn"])


def _tracking_server_updated(_: Call, row: Record) -> None:
    row["TrackingServerStatus"] = "Updated"


def _tracking_server_now(_: Call, row: Record) -> None:
    name = row["TrackingServerName"]
    row["TrackingServerUrl"] = _mlflow().url(name)
    status = _mlflow().status(name)
    if status != "Created":  # else it is that, or Updated, as the record says
        row |= {"TrackingServerStatus": status, "IsActive": "Inactive"}


def _tracking_server_end(_: Call, row: Record) -> None:
    _mlflow().stop(row["TrackingServerName"])


_PACKAGE_GROUP = Kind(
    "ModelPackageGroup",
    "model-package-group",
    "ModelPackageGroup",
    lost="{spoken} {arn} does not exist.",
    born={"ModelPackageGroupStatus": "Completed", "CreatedBy": {}},
    unused=_package_group_empty,
)
_KINDS = (
    _PACKAGE_GROUP,
    Kind("Model", "model", "model", create=_model),
    Kind(
        "EndpointConfig",
        "endpoint-config",
        "endpoint configuration",
        create=_endpoint_config,
        unused=_endpoint_config_unused,
    ),
    Kind(
        "FeatureGroup",
        "feature-group",
        "FeatureGroup",
        missing="ResourceNotFound",
        lost="{spoken} {arn} does not exist.",
        taken="ResourceInUse",
        create=feature_groups.create,
        update=feature_groups.update,
        describe=feature_groups.settled,
    ),
    Kind(
        "Pipeline",
        "pipeline",
        "Pipeline",
        missing="ResourceNotFound",
        lost="{spoken} {arn} does not exist.",
        taken="ConflictException",
        born={"PipelineStatus": "Active", "CreatedBy": {}, "LastModifiedBy": {}},
        create=_pipeline,
        update=_pipeline,
    ),
    Kind(
        "MlflowTrackingServer",
        "mlflow-tracking-server",
        "MlflowTrackingServer",
        missing="ResourceNotFound",
        lost="{spoken} {arn} does not exist.",
        taken="ConflictException",
        born={
            "TrackingServerStatus": "Created",
            "TrackingServerSize": "Small",
            "MlflowVersion": _MLFLOW_VERSION,
            "IsActive": "Active",
            "AutomaticModelRegistration": False,
            "WeeklyMaintenanceWindowStart": "Tue:03:30",
        },
        update=_tracking_server_updated,
        created=_tracking_server,
        deleted=_tracking_server_end,
        describe=_tracking_server_now,
        name_member="TrackingServerName",
        arn_member="TrackingServerArn",
    ),
)
for _kind in _KINDS:
    declared.register(_kind)

_POLICIES = "ModelPackageGroupPolicy"


@handles("sagemaker", "PutModelPackageGroupPolicy")
def _put_policy(call: Call) -> Params:
    group = declared.find(_PACKAGE_GROUP, call, call.params["ModelPackageGroupName"])
    records.table(_POLICIES)[group["ModelPackageGroupName"]] = {"ResourcePolicy": call.params["ResourcePolicy"]}
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


@handles("sagemaker", "GetModelPackageGroupPolicy", "DeleteModelPackageGroupPolicy")
def _policy(call: Call) -> Params:
    name = declared.name_in(call.params["ModelPackageGroupName"])
    row = records.table(_POLICIES).get(name)
    if row is None:
        raise AwsError("ValidationException", f"Cannot find resource policy for: {name}")
    if call.action.startswith("Delete"):
        records.table(_POLICIES).pop(name)
        return {}
    return row
