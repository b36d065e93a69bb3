"""S3: bucket policies are judged in front of moto, checksums are checked, and a bucket is not deleted by accident."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from sandbox.cloud.actions import Call, Params, handles
from sandbox.cloud.control.iam import authorization
from sandbox.cloud.server.moto_app import missing

CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "SHA256": lambda body: hashlib.sha256(body).digest(),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "CRC32": lambda body: binascii.crc32(body).to_bytes(4, "big"),
}


def on_start() -> None:
    """Let moto ask here: for a key's policy, condition by condition, and for the checksum of a new object."""
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 - moto is configured by then
    from moto.s3.models import FakeBucket  # noqa: PLC0415
    from moto.s3.responses import S3Response  # noqa: PLC0415

    def get_permission(_: Any, action: str, resource: str) -> Any:
        denied = action == "s3:DeleteObject" and authorization.bucket_denies(action, resource)
        return PermissionResult.DENIED if denied else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission
    motos = S3Response._get_checksum

    def get_checksum(response: Any, headers: dict[str, Any]) -> tuple[str, str | None]:
        return _given(response, headers) or motos(response, headers)

    S3Response._get_checksum = get_checksum


def _given(response: Any, headers: dict[str, Any]) -> tuple[str, str] | None:
    """Return the checksum that came in a header of its own, after comparing it; moto overlooks it."""
    from moto.s3.exceptions import S3ClientError  # noqa: PLC0415 - moto is configured by then

    for algorithm, checksum in CHECKSUMS.items():
        header = f"x-amz-checksum-{algorithm.lower()}"
        if given := response.headers.get(header):
            if base64.b64encode(checksum(response.body or b"")).decode() != given:
                said = f"The {algorithm} you specified did not match the calculated checksum."
                raise S3ClientError("BadDigest", said)
            headers[header] = given
            return algorithm, given
    return None


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
