"""Experiment tracking: a managed MLflow server whose artifacts lie in the lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.births.provider import BirthArgs
from components.bucket import Bucket
from components.checks import require
from components.place import Place
from components.role_rest import RoleRest
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import Statement, allow
from components.tracking.birth import TrackingBirth

SIZES = ("Small", "Medium", "Large")
# What a job's run needs. MLflow knows no rights to single runs: who may update one may update all, and delete none.
_LOGGING = ("CreateExperiment", "CreateRun", "GetExperimentByName", "GetRun", "LogBatch", "SearchRuns", "UpdateRun")


@dataclass(frozen=True, kw_only=True)
class TrackingArgs:
    """What `Tracking` is made from.

    Attributes
    ----------
    place : Place
        The account that the server is in.
    server_name : str
        The server's name, because people look it up.
    artifacts : Bucket
        Where runs keep their artifacts, under ``mlflow/``.
    tags : mapping of str to str
        What the provider puts on the server, by which one that failed at birth is known again.
    size : str
        ``Small``, ``Medium`` or ``Large``; paid by the hour, whether used or not.
    """

    place: Place
    server_name: str
    artifacts: Bucket
    tags: Mapping[str, str]
    size: str = "Small"


class Tracking(pulumi.ComponentResource):
    """An MLflow tracking server.

    It registers no models: the registry has one way in, and that is the training pipeline's.

    Attributes
    ----------
    server_arn, server_url : pulumi.Output[str]
        The ARN is what jobs use as tracking URI.
    """

    _PREFIX = "mlflow/"

    def __init__(self, name: str, args: TrackingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role and the server."""
        require(
            f"Tracking {name!r}",
            [(args.size in SIZES, f"`size` must be one of {', '.join(SIZES)}, got {args.size!r}. Start with Small.")],
        )
        super().__init__("headrace:training:Tracking", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self._artifact_statements = [
            *args.artifacts.read_statements(self._PREFIX),
            *args.artifacts.write_statements(self._PREFIX),
        ]
        role = ServiceRole(
            f"{name}-server",
            ServiceRoleArgs(
                service="sagemaker.amazonaws.com",
                duty="Serves runs and their artifacts",
                place=args.place,
                statements=[
                    # Creation looks whether the bucket is there and where it is, and such calls carry no s3:prefix.
                    # AWS's page on permissions for MLflow gives s3:Get*, s3:List* and s3:Put* on every bucket.
                    allow(
                        ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [args.artifacts.arn]
                    ),
                    *self._artifact_statements,
                ],
                any_account_because=(
                    "AWS's page on the confused deputy does not list MLflow among the parts of SageMaker that send "
                    "aws:SourceAccount, and its page on permissions for MLflow gives a trust without a condition."
                ),
            ),
            child,
        )
        birth = TrackingBirth(
            f"{name}-birth", BirthArgs(place=args.place, name=args.server_name, tags=args.tags), child
        )
        rested = RoleRest(f"{name}-server-rest", role.arn, child)  # SageMaker looks once at what the role may do
        server = aws.sagemaker.MlflowTrackingServer(
            f"{name}-server",
            tracking_server_name=args.server_name,
            tracking_server_size=args.size,
            artifact_store_uri=pulumi.Output.format("s3://{}/{}", args.artifacts.name, self._PREFIX.rstrip("/")),
            automatic_model_registration=False,
            role_arn=rested.role_arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[birth]),
        )
        self.server_arn: pulumi.Output[str] = server.arn
        self.server_url: pulumi.Output[str] = server.tracking_server_url
        self.register_outputs({"server_arn": self.server_arn, "server_url": self.server_url})

    def log_statements(self) -> list[Statement]:
        """Permissions to log runs: to make them, add to them and close them, and to delete none."""
        return [
            allow([f"sagemaker-mlflow:{action}" for action in _LOGGING], [self.server_arn]),
            allow(["sagemaker:DescribeMlflowTrackingServer"], [self.server_arn]),
        ]
