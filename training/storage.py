"""S3 as the jobs use it: exact versions in, write-once objects out."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from training.job import JobError


@dataclass(frozen=True, order=True)
class Version:
    """One version of an object, which stays what it is whatever is written later."""

    key: str
    version_id: str
    etag: str
    size: int


def client(service: str) -> Any:
    """Make a boto3 client that waits for busy services."""
    import boto3  # noqa: PLC0415 - a third of a second, which code of the jobs that calls nobody can spare
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(service, config=Config(retries={"mode": "standard", "max_attempts": 8}))


def newest_versions(s3: Any, bucket: str, prefix: str) -> list[Version]:
    """List the current version of each object under a prefix, in the order of keys."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(
        Version(item["Key"], item["VersionId"], item["ETag"].strip('"'), item["Size"])
        for page in pages
        for item in page.get("Versions", [])
        if item["IsLatest"]
    )


def read_version(s3: Any, bucket: str, version: Version) -> bytes:
    """Read exactly this version."""
    answer = s3.get_object(Bucket=bucket, Key=version.key, VersionId=version.version_id)
    return bytes(answer["Body"].read())


class RangedReader(io.RawIOBase):
    """Exactly this version, read where it is asked for.

    Parameters
    ----------
    s3 : client
        Of S3.
    bucket : str
    version : Version
    """

    def __init__(self, s3: Any, bucket: str, version: Version) -> None:
        super().__init__()
        self._s3, self._bucket, self._version = s3, bucket, version
        self._at = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read anywhere."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position; see `io.IOBase.seek`."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._version.size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there are bytes, and return how many came."""
        wanted = min(len(buffer), self._version.size - self._at)
        if wanted <= 0:
            return 0
        body = self._s3.get_object(
            Bucket=self._bucket,
            Key=self._version.key,
            VersionId=self._version.version_id,
            Range=f"bytes={self._at}-{self._at + wanted - 1}",
        )["Body"].read()
        buffer[: len(body)] = body
        self._at += len(body)
        return len(body)


def read_uri(s3: Any, uri: str) -> bytes:
    """Read the object that an ``s3://bucket/key`` address names."""
    address = urlsplit(uri)
    return bytes(s3.get_object(Bucket=address.netloc, Key=address.path.lstrip("/"))["Body"].read())


def versions(s3: Any, uri: str) -> int:
    """Count how often the object at an ``s3://bucket/key`` address was written or deleted."""
    address = urlsplit(uri)
    key = address.path.lstrip("/")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=address.netloc, Prefix=key)
    kinds = ("Versions", "DeleteMarkers")
    return sum(item["Key"] == key for page in pages for kind in kinds for item in page.get(kind, []))


def put_once(s3: Any, bucket: str, key: str, body: bytes, content_type: str) -> str:
    """Write an object that must not exist yet; the same content again is a retry and passes.

    Returns
    -------
    str
        Base64 of the content's SHA-256, which is what S3 reports as ChecksumSHA256.

    Raises
    ------
    JobError
        If another content lies under the key.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in `client`

    checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
    try:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            IfNoneMatch="*",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("PreconditionFailed", "ConditionalRequestConflict"):
            raise
        found = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED").get("ChecksumSHA256")
        if found != checksum:
            raise JobError(
                f"s3://{bucket}/{key} must be written once: it holds SHA-256 {found}, not {checksum}. "
                "Start a new pipeline execution, which has keys of its own."
            ) from error
    return checksum
