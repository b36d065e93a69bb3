"""The dynamic resource that builds images, against moto's S3, ECR, CodeBuild and Logs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
from moto import mock_aws

from components.account import WrongAccountError
from components.image.build import ImageBuildError, ImageBuildProvider, _wait
from components.image.bundle import bundle

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"
TAG_LENGTH = 32  # of every image that was built before; another would build them all anew
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

    monkeypatch.setattr("components.image.build._wait", wait_and_push)
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
    monkeypatch.setattr("components.image.build._wait", lambda session, build_id: failed)
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


def denied(number: int, phase: str = "DOWNLOAD_SOURCE") -> dict[str, Any]:
    """A build as CodeBuild shows one whose role may not yet do what its policy says."""
    said = {"statusCode": "ACCESS_DENIED", "message": "The role is not authorized to perform: s3:GetObject"}
    phases = [{"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"}, {"phaseType": phase, "contexts": [said]}]
    return {"id": f"build:{number}", "buildStatus": "FAILED", "phases": [*phases, {"phaseType": "COMPLETED"}]}


def ending(builds: list[dict[str, Any]], props: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let builds end as these say, the one after the last of them by pushing; return the ids of what was waited for."""
    waited: list[str] = []

    def wait(session: boto3.Session, build_id: str) -> dict[str, Any]:
        waited.append(build_id)
        if len(waited) <= len(builds):
            return builds[len(waited) - 1]
        push(props)
        return {"id": build_id, "buildStatus": "SUCCEEDED"}

    monkeypatch.setattr("components.image.build._wait", wait)
    return waited


def test_a_build_whose_role_is_too_new_is_tried_again(props: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    waited = ending([denied(1, "PROVISIONING"), denied(2)], props, monkeypatch)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    made = ImageBuildProvider().create(props)
    assert len([seconds for seconds in slept if seconds >= 5]) == 2, "a role that is not in force yet needs a while"
    assert made.outs is not None
    assert made.outs["image_digest"].startswith("sha256:")
    assert len(waited) == len(set(waited)) == 3


def test_a_build_that_is_denied_its_source_for_good_ends_with_a_reason(
    props: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = ending([denied(number) for number in range(100)], props, monkeypatch)
    with pytest.raises(ImageBuildError, match="tried 7 times") as caught:
        ImageBuildProvider().create(props)
    assert "DOWNLOAD_SOURCE: The role is not authorized to perform: s3:GetObject" in str(caught.value)
    assert len(waited) == 7


def test_what_is_denied_to_the_builds_own_commands_is_not_tried_again(
    props: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = ending([denied(1, "PRE_BUILD")], props, monkeypatch)
    with pytest.raises(ImageBuildError, match="PRE_BUILD"):
        ImageBuildProvider().create(props)
    assert len(waited) == 1


def refusing(monkeypatch: pytest.MonkeyPatch, code: str, message: str, times: int) -> None:
    """Let CodeBuild refuse to start a build so many times."""
    ask = botocore.client.BaseClient._make_api_call
    refused: list[str] = []

    def answer(self: Any, action: str, params: dict[str, Any]) -> Any:
        if action == "StartBuild" and len(refused) < times:
            refused.append(action)
            exception = self.exceptions.from_code(code)
            raise exception({"Error": {"Code": code, "Message": message}}, action)
        return ask(self, action, params)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", answer)


def test_an_account_without_builds_says_where_to_ask_for_them(
    props: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, "AccountLimitExceededException", "Cannot have more than 0 builds in queue for the account", 1)
    with pytest.raises(ImageBuildError, match=r"more than 0 builds.*Service Quotas, AWS CodeBuild"):
        ImageBuildProvider().create(props)


def test_a_role_that_codebuild_cannot_assume_yet_is_waited_for(
    props: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "CodeBuild is not authorized to perform: sts:AssumeRole on arn:aws:iam::123456789012:role/build"
    refusing(monkeypatch, "InvalidInputException", message, 2)
    waited = ending([], props, monkeypatch)
    assert ImageBuildProvider().create(props).outs is not None
    assert len(waited) == 1


def test_an_image_that_sagemaker_does_not_take_is_refused(props: dict[str, Any]) -> None:
    index = "application/vnd.oci.image.index.v1+json"
    boto3.client("ecr", REGION).put_image(
        repositoryName="images",
        imageManifest=MANIFEST.replace("application/vnd.docker.distribution.manifest.v2+json", index),
        imageManifestMediaType=index,
        imageTag=props["digest"][:TAG_LENGTH],
    )
    with pytest.raises(ImageBuildError, match=f"Docker image manifest V2, schema 2.*got {re.escape(index)}"):
        ImageBuildProvider().create(props)
