"""Files between the local S3 and a job's folder, with the rights of the job's role."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse


class MissingInput(Exception):  # noqa: N818 - a state of the bucket
    """Nothing lies under an S3 address."""


def split(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key.

    Raises
    ------
    ValueError
        If it is no S3 address.
    """
    parts = urlparse(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"an S3 address must look like s3://bucket/prefix, got {uri!r}")
    return parts.netloc, parts.path.lstrip("/")


def keys_under(s3: Any, uri: str) -> list[str]:
    """Return the keys that begin with a prefix, "directories" left out, as SageMaker's S3Prefix means it."""
    bucket, prefix = split(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", []) if not item["Key"].endswith("/")]


def download(s3: Any, uri: str, folder: Path, kind: str = "S3Prefix") -> int:
    """Download what an input names and return how many files that were.

    Parameters
    ----------
    s3 : client
        With the rights of the job's role.
    uri : str
        A prefix, one object, or a manifest: ``[{"prefix": "s3://..."}, "key", ...]``.
    folder : Path
        Where keys land, relative to the prefix (or, for one object, under its own name).
    kind : str
        S3Prefix or ManifestFile.

    Raises
    ------
    MissingInput
        If there is nothing.
    """
    bucket, prefix = split(uri)
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "ManifestFile":
        root, *names = json.loads(s3.get_object(Bucket=bucket, Key=prefix)["Body"].read())
        bucket, base = split(root["prefix"])
        targets = {base + name: name for name in names}
    else:
        keys = keys_under(s3, uri)
        inside = prefix if not prefix or prefix.endswith("/") else prefix + "/"
        whole = any(key.startswith(inside) for key in keys)
        cut = len(inside) if whole else prefix.rfind("/") + 1
        targets = {key: key[cut:] for key in keys if not whole or key.startswith(inside)}
    if not targets:
        raise MissingInput(uri)
    for key, name in targets.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(target))
    return len(targets)


def fetch_source(s3: Any, location: str, version: str | None, folder: Path) -> None:
    """Bring a build's source: one zip in a version, or everything under a prefix that ends with a slash.

    Parameters
    ----------
    s3 : client
        With the rights of the build's role.
    location : str
        ``bucket/key``, or its ARN.
    version : str or None
        The object's version.
    folder : Path
        Where the files land, with their permissions.
    """
    uri = f"s3://{location.removeprefix('arn:aws:s3:::')}"
    if uri.endswith("/"):
        download(s3, uri, folder)
        return
    bucket, key = split(uri)
    archive = folder.with_suffix(".zip")
    s3.download_file(bucket, key, str(archive), ExtraArgs={"VersionId": version} if version else None)
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            path = Path(opened.extract(member, folder))
            mode = member.external_attr >> 16 & 0o777
            if mode and path.is_file():
                path.chmod(mode)


def encryption(key_id: str | None) -> dict[str, str]:
    """Return the upload arguments for a KMS key, or none."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}


def upload(s3: Any, folder: Path, uri: str, key_id: str | None = None) -> int:
    """Upload every file below a folder to a prefix and return how many there were."""
    bucket, prefix = split(uri)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        key = "/".join(part for part in (prefix.rstrip("/"), path.relative_to(folder).as_posix()) if part)
        s3.upload_file(str(path), bucket, key, ExtraArgs=encryption(key_id))
    return len(files)


def upload_archive(s3: Any, folder: Path, uri: str, key_id: str | None = None) -> None:
    """Upload a folder's contents as one gzipped tar."""
    archive = folder.with_name(folder.name + ".tar.gz")
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    bucket, key = split(uri)
    s3.upload_file(str(archive), bucket, key, ExtraArgs=encryption(key_id))
