"""S3: bucket policies are judged in front of moto, checksums are checked, and a bucket is not deleted by accident."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable

from sandbox.cloud.actions import Call, Params, handles
from sandbox.cloud.control.iam import authorization
from sandbox.cloud.moto import s3
from sandbox.cloud.moto.app import missing

CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "SHA256": lambda body: hashlib.sha256(body).digest(),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "CRC32": lambda body: binascii.crc32(body).to_bytes(4, "big"),
}


def on_start() -> None:
    """Let moto ask here: for a key's policy, condition by condition, and for the checksum of a new object."""
    s3.judge_by(_denied)
    s3.compare_checksums(CHECKSUMS)


def _denied(action: str, key: str) -> bool:
    return action == "s3:DeleteObject" and authorization.bucket_denies(action, key)


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
    found = call.forward()
    if s3.tells_event_bridge(call.account, call.params["Bucket"]):
        found["EventBridgeConfiguration"] = {}
    return found
