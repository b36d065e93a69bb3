"""S3: bucket policies are judged in front of moto, and moto is kept from falling through to a bucket's deletion."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.actions import Call, Params, handles
from sandbox.cloud.control import authorization
from sandbox.cloud.server.moto_app import missing


def on_start() -> None:
    """Let moto ask here, key by key, instead of judging bucket policies without their conditions."""
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 - moto is configured by then
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    def get_permission(_: Any, action: str, resource: str) -> Any:
        denied = action == "s3:DeleteObject" and authorization.bucket_denies(action, resource)
        return PermissionResult.DENIED if denied else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission


@handles(
    "s3",
    "DeleteBucketAnalyticsConfiguration",
    "DeleteBucketIntelligentTieringConfiguration",
    "DeleteBucketMetricsConfiguration",
    "DeleteBucketMetadataConfiguration",
    "DeleteBucketMetadataTableConfiguration",
)
def _no_such_deletion(call: Call) -> Params:
    raise missing(f"s3 action {call.action}", "")


@handles("s3", "GetBucketNotificationConfiguration")
def _notifications(call: Call) -> Params:
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is configured by then

    found = call.forward()
    kept = s3_backends[call.account]["aws"].get_bucket_notification_configuration(call.params["Bucket"])
    if kept is not None and kept.event_bridge is not None:
        found["EventBridgeConfiguration"] = {}
    return found
