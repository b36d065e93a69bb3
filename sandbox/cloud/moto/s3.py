"""S3's buckets and objects as moto keeps them, and what moto asks us about them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloud.moto import backends


def exists(account: str, bucket: str) -> bool:
    """Return whether there is a bucket."""
    return _bucket(account, bucket) is not None


def policy(account: str, bucket: str) -> str | None:
    """Return a bucket's policy, or None where it or the bucket is not there."""
    found = _bucket(account, bucket)
    return found.policy.decode() if found is not None and found.policy else None


def lets_nobody_unknown_in(account: str, bucket: str) -> bool:
    """Return whether a bucket's public access block takes the force of a policy for everybody."""
    found = _bucket(account, bucket)
    block = found.public_access_block if found is not None else None
    return block is not None and bool(block.block_public_policy or block.restrict_public_buckets)


def has_object(account: str, bucket: str, key: str, version: str | None) -> bool:
    """Return whether a bucket has an object: its newest version, unless another is named."""
    found = _version(account, bucket, key, version)
    return found is not None and type(found).__name__ != "FakeDeleteMarker"


def key_of_object(account: str, bucket: str, key: str, version: str | None) -> str | None:
    """Return the KMS key that an object lies under, None where it is under none."""
    found = _version(account, bucket, key, version)
    if not str(getattr(found, "encryption", None)).startswith("aws:kms"):
        return None
    under: str | None = found.kms_key_id
    return under


def encryption_rule(account: str, bucket: str) -> dict[str, Any]:
    """Return what a bucket does with new objects, as PutBucketEncryption gives a rule; empty where it says nothing."""
    found = _bucket(account, bucket)
    rule: dict[str, Any] = ((found and found.encryption) or {}).get("Rule", {})
    return rule


def encryption_of_upload(account: str, bucket: str, upload: str | None) -> tuple[str | None, str | None] | None:
    """Return the encryption and the key that were named for an upload in parts, or None where there is no such one."""
    holder = _bucket(account, bucket)
    found = holder.multiparts.get(upload) if holder else None
    return (found.sse_encryption, found.kms_key_id) if found else None


def tells_event_bridge(account: str, bucket: str) -> bool:
    """Return whether a bucket sends its events to EventBridge."""
    kept = backends.of("s3", account).get_bucket_notification_configuration(bucket)
    return kept is not None and kept.event_bridge is not None


def restore_owners() -> None:
    """Fill the one table that moto keeps outside of its backends: whose bucket a name is."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is configured by then

    for account, by_partition in list(s3_backends.items()):
        for partition, backend in list(by_partition.items()):
            for name in backend.buckets:
                s3_backends.bucket_accounts[name] = (partition, account)


def judge_by(denies: Callable[[str, str], bool]) -> None:
    """Have moto ask, before it deletes one of several keys, whether an action on an ARN is denied."""
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 - moto is configured by then
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    def get_permission(_: Any, action: str, resource: str) -> Any:
        return PermissionResult.DENIED if denies(action, resource) else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission


def compare_checksums(checksums: Mapping[str, Callable[[bytes], bytes]]) -> None:
    """Have the checksums compared that come in headers of their own, by algorithm; moto overlooks them."""
    from moto.s3.exceptions import S3ClientError  # noqa: PLC0415 - moto is configured by then
    from moto.s3.responses import S3Response  # noqa: PLC0415

    motos = S3Response._get_checksum

    def get_checksum(response: Any, headers: dict[str, Any]) -> tuple[str, str | None]:
        for algorithm, checksum in checksums.items():
            header = f"x-amz-checksum-{algorithm.lower()}"
            if given := response.headers.get(header):
                if base64.b64encode(checksum(response.body or b"")).decode() != given:
                    said = f"The {algorithm} you specified did not match the calculated checksum."
                    raise S3ClientError("BadDigest", said)
                headers[header] = given
                return algorithm, given
        found: tuple[str, str | None] = motos(response, headers)
        return found

    S3Response._get_checksum = get_checksum


def deliver_access_logs(may: Callable[[str, str], bool]) -> None:
    """Have moto write an access log only where a function says so, told the bucket's name and the log's ARN."""
    from moto.s3.models import S3Backend  # noqa: PLC0415 - moto is configured by then

    written = S3Backend.log_incoming_request

    def log_incoming_request(backend: Any, request: Any, bucket_name: str) -> None:
        bucket = backend.buckets.get(bucket_name)
        if bucket is None or not bucket.logging:
            return
        to = f"arn:aws:s3:::{bucket.logging['TargetBucket']}/{bucket.logging.get('TargetPrefix', '')}log"
        if may(bucket_name, to):
            written(backend, request, bucket_name)

    S3Backend.log_incoming_request = log_incoming_request


def _bucket(account: str, name: str) -> Any:
    return backends.of("s3", account).buckets.get(name)


def _version(account: str, bucket: str, key: str, version: str | None) -> Any:
    holder = _bucket(account, bucket)
    versions = (holder.keys.getlist(key) or []) if holder is not None else []
    found = [one for one in versions if version in (None, "", one.version_id)]
    return found[-1] if found else None
