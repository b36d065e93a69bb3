"""S3 tells only those who may list a bucket that an object is not there; to others it says AccessDenied.

S3 API reference, GetObject and HeadObject: without ``s3:ListBucket`` the answer is 403 instead of 404. Whether a
ListBucket that is tied to a prefix is enough is not said; the stricter reading is that it is not, because GetObject
carries no ``s3:prefix``.
"""

from __future__ import annotations

from sandbox.cloud.actions import Call

_READS = {"GetObject", "HeadObject", "GetObjectAttributes", "GetObjectTagging", "CopyObject", "UploadPartCopy"}


def missing_in(call: Call) -> str | None:
    """Return the bucket's ARN if a call reads an object that the bucket does not have, else None."""
    if call.service != "s3" or call.action not in _READS:
        return None
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is configured by then

    given = call.params
    name, key, version = given["Bucket"], given["Key"], given.get("VersionId")
    if source := given.get("CopySource"):
        path, _, version = (source if isinstance(source, str) else "{Bucket}/{Key}".format(**source)).partition(
            "?versionId="
        )
        name, _, key = path.lstrip("/").partition("/")
    bucket = s3_backends[call.account]["aws"].buckets.get(name)
    if bucket is None:
        return None  # NoSuchBucket is no secret
    versions = bucket.keys.getlist(key) or []
    found = [one for one in versions if version in (None, "", one.version_id)]
    there = bool(found) and type(found[-1]).__name__ != "FakeDeleteMarker"
    return None if there else f"arn:aws:s3:::{name}"
