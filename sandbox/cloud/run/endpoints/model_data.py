"""What SageMaker looks at when a model is made: its data, with the model's role."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam.service_uses import INFERENCE
from sandbox.cloud.run.shared import transfer
from sandbox.cloud.run.shared.roles import assume, role_client
from sandbox.cloud.state.records import Record


def check(row: Record, region: str) -> None:
    """Refuse a model whose data are not there, or that its role may not read.

    Raises
    ------
    AwsError
        ValidationException, in SageMaker's words.
    """
    containers = [row.get("PrimaryContainer"), *row.get("Containers", [])]
    for container in filter(None, containers):
        source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
        uri = container.get("ModelDataUrl") or source.get("S3Uri")
        if uri:
            _look(uri, source.get("S3DataType", "S3Object"), str(row["ExecutionRoleArn"]), row["ModelName"], region)


def _look(uri: str, kind: str, role_arn: str, model: str, region: str) -> None:
    try:
        s3 = role_client("s3", assume(role_arn, INFERENCE, model, "SageMaker"))
        there = bool(transfer.keys_under(s3, uri)) if kind == "S3Prefix" else _head(s3, uri)
    except ValueError as error:
        raise AwsError("ValidationException", str(error)) from error
    except (AwsError, ClientError):
        there = False
    if not there:
        raise AwsError(
            "ValidationException",
            f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            f'"{INFERENCE.principal}". Also ensure that the role has "s3:GetObject" permissions and that the object is '
            f"located in {region}.",
        )


def _head(s3: Any, uri: str) -> bool:
    bucket, key = transfer.split(uri)
    s3.head_object(Bucket=bucket, Key=key)
    return True
