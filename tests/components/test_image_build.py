"""The dynamic resource that builds images, against moto's S3, ECR, CodeBuild and Logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.account import WrongAccountError
from components.bundle import bundle
from components.image_build import TAG_LENGTH, ImageBuildError, ImageBuildProvider, _wait

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"
MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}'


@pytest.fixture
def props(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The inputs of a build, with everything that they name."""
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text("FROM python:3.11\n")
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with mock_aws():
        boto3.client("s3", REGION).create_bucket(Bucket="artifacts")
        repository = boto3.client("ecr", REGION).create_repository(repositoryName="images")["repository"]
        boto3.client("codebuild", REGION).create_project(
            name="build",
            source={"type": "S3", "location": "artifacts/bundles/"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
        )
        yield {
            "account_id": ACCOUNT,
            "region": REGION,
            "bucket": "artifacts",
            "project_name": "build",
            "repository_name": "images",
            "repository_url": repository["repositoryUri"],
            "folders": ["image"],
            "digest": bundle(tmp_path, ["image"]).digest,
        }


def push(props: dict[str, Any]) -> str:
    image = boto3.client("ecr", REGION).put_image(
        repositoryName="images", imageManifest=MANIFEST, imageTag=props["digest"][:TAG_LENGTH]
    )
    return str(image["image"]["imageId"]["imageDigest"])


def test_an_image_that_is_there_is_not_built_again(props: dict[str, Any]) -> None:
    digest = push(props)
    made = ImageBuildProvider().create(props)
    assert made.outs is not None
    assert made.outs["image_uri"] == f"{props['repository_url']}@{digest}"
    assert made.outs["image_digest"] == digest
    assert boto3.client("codebuild", REGION).list_builds()["ids"] == []


def test_a_build_gets_the_bundle_and_its_tag(props: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_and_push(session: boto3.Session, build_id: str) -> dict[str, Any]:
        push(props)
        return _wait(session, build_id)

    monkeypatch.setattr("components.image_build._wait", wait_and_push)
    made = ImageBuildProvider().create(props)
    assert made.outs is not None
    assert made.outs["image_digest"].startswith("sha256:")
    stored = boto3.client("s3", REGION).get_object(Bucket="artifacts", Key=f"bundles/{props['digest']}.zip")
    assert stored["Body"].read() == bundle(Path.cwd(), ["image"]).content


def test_a_build_that_pushes_nothing_fails_with_its_own_words(
    props: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = boto3.client("logs", REGION)
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    event = {"timestamp": int(time.time() * 1000), "message": "no such package: scikit-lern\n"}
    logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=[event])
    failed = {
        "id": "build:1",
        "buildStatus": "FAILED",
        "phases": [{"phaseType": "BUILD", "contexts": [{"message": "exit status 1"}]}],
        "logs": {"groupName": "group", "streamName": "stream"},
    }
    monkeypatch.setattr("components.image_build._wait", lambda session, build_id: failed)
    with pytest.raises(ImageBuildError) as caught:
        ImageBuildProvider().create(props)
    assert str(caught.value).splitlines() == [
        f"Image build build:1 ended as FAILED and pushed no image tagged {props['digest'][:TAG_LENGTH]}.",
        "BUILD: exit status 1",
        "The build's last lines:",
        "  no such package: scikit-lern",
    ]


def test_nothing_is_touched_in_another_account(props: dict[str, Any]) -> None:
    with pytest.raises(WrongAccountError, match=f"must belong to account 111122223333, got account {ACCOUNT}"):
        ImageBuildProvider().create({**props, "account_id": "111122223333"})
    assert "Contents" not in boto3.client("s3", REGION).list_objects_v2(Bucket="artifacts")


def test_code_that_changes_while_an_update_runs_is_not_built(props: dict[str, Any]) -> None:
    (Path.cwd() / "image" / "Dockerfile").write_text("FROM python:3.12\n")
    with pytest.raises(ImageBuildError, match="must stay as they are while an update runs"):
        ImageBuildProvider().create(props)


def test_another_bundle_is_another_image_and_another_project_is_not(props: dict[str, Any]) -> None:
    provider = ImageBuildProvider()
    built = {**props, "image_digest": "sha256:1", "image_uri": "images@sha256:1"}
    assert provider.diff("id", built, props).changes is False
    assert provider.diff("id", built, {**props, "digest": "0"}).replaces == ["digest"]
    moved = provider.diff("id", built, {**props, "project_name": "other"})
    assert (moved.changes, moved.replaces) == (True, [])
    kept = provider.update("id", built, {**props, "project_name": "other"}).outs
    assert kept is not None
    assert (kept["project_name"], kept["image_digest"]) == ("other", "sha256:1")
