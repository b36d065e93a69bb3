"""S3 tells only those who may list a bucket that an object is not there; to others it says AccessDenied.

S3 API reference, GetObject and HeadObject: without ``s3:ListBucket`` the answer is 403 instead of 404. Whether a
ListBucket that is tied to a prefix is enough is not said; the stricter reading is that it is not, because GetObject
carries no ``s3:prefix``.
"""

from __future__ import annotations

from sandbox.cloud.actions import Call
from sandbox.cloud.moto import s3

_READS = {"GetObject", "HeadObject", "GetObjectAttributes", "GetObjectTagging", "CopyObject", "UploadPartCopy"}


def missing_in(call: Call) -> str | None:
    """Return the bucket's ARN if a call reads an object that the bucket does not have, else None."""
    if call.service != "s3" or call.action not in _READS:
        return None
    given = call.params
    name, key, version = given["Bucket"], given["Key"], given.get("VersionId")
    if source := given.get("CopySource"):
        path, _, version = (source if isinstance(source, str) else "{Bucket}/{Key}".format(**source)).partition(
            "?versionId="
        )
        name, _, key = path.lstrip("/").partition("/")
    if not s3.exists(call.account, name):
        return None  # NoSuchBucket is no secret
    return None if s3.has_object(call.account, name, key, version) else f"arn:aws:s3:::{name}"
