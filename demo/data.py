"""Raw data into the lake, from the loaders that workloads bring."""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from agreements import prefixes
from demo.console import Clock, StoryError, line, step
from status.environment import Environment
from workloads.loading import Loader, RawFile
from workloads.spec import Workload

_ROOT = Path(__file__).parents[1]
_MODULE = "ingest"


def loader(workload: Workload) -> Loader:
    """Import the loader in a workload's folder, which may lie in the repository or anywhere else.

    Raises
    ------
    StoryError
        If it brings none, or one that lacks a name of the protocol.
    """
    file = workload.folder / f"{_MODULE}.py"
    if not file.is_file():
        raise StoryError(
            f"the workload {workload.name} must bring data to tell its story: {file} is not there. "
            "workloads/loading.py says what it holds, workloads/penguins/ingest.py is a short one. Without one, load "
            "your own data and start the pipeline yourself: docs/aws.md."
        )
    if _ROOT in file.resolve().parents:  # by its dotted name, so that whoever imports it too has the same module
        found = importlib.import_module(".".join(file.resolve().relative_to(_ROOT).with_suffix("").parts))
    else:
        spec = importlib.util.spec_from_file_location(f"{_MODULE}_of_{workload.name.replace('-', '_')}", file)
        assert spec is not None  # noqa: S101 - a file that ends in .py has one
        assert spec.loader is not None  # noqa: S101
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    missing = [name for name in ("TRAINING", "files", "questions") if not hasattr(found, name)]
    if missing:
        raise StoryError(f"{file} must have {', '.join(missing)}: workloads/loading.py says what a loader holds.")
    return cast(Loader, found)


def load(environment: Environment, loaders: Iterable[Loader]) -> None:
    """Put the loaders' raw files into the lake, each once, leaving out what is there already."""
    s3, bucket, clock = environment.client("s3"), environment.outputs.raw_bucket, Clock()
    rows = present = 0
    with step("reading the raw data") as progress:
        files = {file.key: file for found in loaders for file in found.files()}
        progress.to(0, len(files))
        for file in files.values():
            progress.say(f"s3://{bucket}/{file.key}")
            present += not _put(s3, bucket, file)
            rows += file.rows
            progress.advance()
    text = f"{rows:,} rows in {len(files)} objects" + (f", {present} of them there already" if present else "")
    line("load", f"s3://{bucket}/{prefixes.RAW}", text, clock.seconds)


def _put(s3: Any, bucket: str, file: RawFile) -> bool:
    """Put a file, and tell whether it was not there yet."""
    checksum = base64.b64encode(hashlib.sha256(file.body).digest()).decode()
    if _checksum(s3, bucket, file.key) == checksum:
        return False
    s3.put_object(Bucket=bucket, Key=file.key, Body=file.body, ChecksumSHA256=checksum)
    return True


def _checksum(s3: Any, bucket: str, key: str) -> str | None:
    try:
        found = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise
    return str(found.get("ChecksumSHA256"))
