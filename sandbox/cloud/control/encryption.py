"""What S3 does with a KMS key on a caller's behalf, which the caller must be allowed to do with that key.

Objects under AWS's own key (``alias/aws/s3``) or under S3's keys need no rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.cloud.actions import Call, Params

_READ, _WRITE = "kms:Decrypt", "kms:GenerateDataKey"
Use = tuple[str, str, dict[str, list[str]]]  # an action, a key's ARN, condition keys


def uses(call: Call) -> Iterator[Use]:
    """Return what an S3 call needs of the keys of the objects that it reads and writes."""
    if call.service != "s3" or "Key" not in call.params:
        return
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is configured by then

    given = call.params
    buckets = s3_backends[call.account]["aws"].buckets
    bucket = buckets.get(given["Bucket"])
    if call.action == "GetObject" or (call.action == "HeadObject" and given.get("ChecksumMode") == "ENABLED"):
        yield from _use(call, _READ, bucket, given["Key"], _read_key(bucket, given["Key"], given.get("VersionId")))
    elif call.action in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        yield from _use(call, _WRITE, bucket, given["Key"], _written_key(bucket, given))
    elif call.action in ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload"):
        upload = bucket.multiparts.get(given.get("UploadId")) if bucket else None
        key = upload and (upload.kms_key_id or _written_key(bucket, {"ServerSideEncryption": upload.sse_encryption}))
        yield from _use(call, _READ, bucket, given["Key"], key)
    if given.get("CopySource"):
        source = _source(given["CopySource"])
        bucket = buckets.get(source["Bucket"])
        yield from _use(call, _READ, bucket, source["Key"], _read_key(bucket, source["Key"], source.get("VersionId")))


def _source(given: Any) -> dict[str, str]:
    if not isinstance(given, str):
        return dict(given)
    path, _, version = given.lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}


def _read_key(bucket: Any, name: str, version: str | None) -> str | None:
    """Return the key that a stored object is under."""
    versions = (bucket.keys.getlist(name) or []) if bucket else []
    found = [one for one in versions if version in (None, one.version_id)]
    if not found or not str(getattr(found[-1], "encryption", None)).startswith("aws:kms"):
        return None
    key: str | None = found[-1].kms_key_id
    return key


def _written_key(bucket: Any, given: Params) -> str | None:
    """Return the key that a new object gets: the request's, else the bucket's."""
    if given.get("ServerSideEncryption"):
        return given.get("SSEKMSKeyId")
    rule = ((bucket and bucket.encryption) or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    return rule.get("KMSMasterKeyID") if str(rule.get("SSEAlgorithm")).startswith("aws:kms") else None


def _use(call: Call, action: str, bucket: Any, name: str, key: str | None) -> Iterator[Use]:
    arn = key_arn(call, key) if key and not key.endswith("alias/aws/s3") else None
    if arn is None:
        return
    by_bucket = ((bucket and bucket.encryption) or {}).get("Rule", {}).get("BucketKeyEnabled") in (True, "true")
    about = f"arn:aws:s3:::{bucket.name}" + ("" if by_bucket else f"/{name}")
    yield (
        action,
        arn,
        {
            "kms:viaservice": [f"s3.{call.region}.amazonaws.com"],
            "kms:calleraccount": [call.account],
            "kms:encryptioncontextkeys": ["aws:s3:arn"],
            "kms:encryptioncontext:aws:s3:arn": [about],
        },
    )


def key_arn(call: Call, key: str) -> str:
    """Return a key's ARN for any of its names."""
    if key.startswith("arn:") and ":alias/" not in key:
        return key
    from moto.kms.models import kms_backends  # noqa: PLC0415 - only where a key is named

    named = kms_backends[call.account][call.region].any_id_to_key_id(key)
    return f"arn:aws:kms:{call.region}:{call.account}:key/{named}"


def key_policy(account: str, arn: str) -> str | None:
    """Return a key's policy, or None for a key that does not exist."""
    from moto.kms.models import kms_backends  # noqa: PLC0415

    region, name = arn.split(":")[3], arn.rpartition("/")[2]
    found = kms_backends[account][region].keys.get(name) if region else None
    return found.policy if found else None
