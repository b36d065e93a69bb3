"""Processing job: fetch the champion, which is the newest approved package, for the job that scores it.

That job is in network isolation and finds nothing by itself. What is not the model that was approved is not handed on.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from agreements import variables
from inference import artifact
from training import job, score, storage

FILE = "champion.json"


def newest(sagemaker: Any, group: str) -> str | None:
    """Return the ARN of a group's newest approved package; a page of the listing may be empty before the last one."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortBy="CreationTime", SortOrder="Descending"
    )
    return next((str(found["ModelPackageArn"]) for page in pages for found in page["ModelPackageSummaryList"]), None)


def fetch(sagemaker: Any, s3: Any, arn: str) -> tuple[dict[str, Any], bytes]:
    """Read an approved model's archive and compare it with its digest; nothing of it is loaded.

    Returns
    -------
    tuple of dict and bytes
        What ``champion.json`` says, with the ``reason`` where there is nothing to score; and the archive.
    """
    container = sagemaker.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]["Containers"][0]
    digest = container.get("Environment", {}).get(variables.MODEL_DIGEST)
    champion = {"model_package_arn": arn, "model_digest": digest}
    if digest is None:
        return {**champion, "reason": "its package names no model digest"}, b""
    try:
        body = storage.read_uri(s3, container["ModelDataUrl"])
    except s3.exceptions.NoSuchKey:
        return {**champion, "reason": f"there is nothing at {container['ModelDataUrl']}"}, b""
    try:
        with tempfile.TemporaryDirectory() as folder:
            artifact.unpack(body, Path(folder))
            artifact.verify(Path(folder), digest)
    except artifact.ArtifactError as error:
        return {**champion, "reason": str(error)}, b""
    return champion, body


def main() -> None:
    """Write ``champion.json`` and, where there is one, the champion's archive."""
    sagemaker = storage.client("sagemaker")
    arn = newest(sagemaker, job.setting(variables.MODEL_PACKAGE_GROUP_NAME))
    champion, body = fetch(sagemaker, storage.client("s3"), arn) if arn else ({}, b"")
    job.output("champion", FILE).write_text(json.dumps(champion) + "\n", encoding="utf-8")
    if body:
        job.output("champion", score.ARCHIVE).write_bytes(body)
    job.say(f"The champion is {arn}" if arn else "No package is approved, so there is no champion")


if __name__ == "__main__":
    job.processing_main(main)
