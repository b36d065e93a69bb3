"""CodeBuild builds images from a bundle, and says where one went wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.run.conftest import REGISTRY, Cloud, tiny_image


def phases(build: dict[str, Any]) -> dict[str, str | None]:
    """Return the status of each phase."""
    return {phase["phaseType"]: phase.get("phaseStatus") for phase in build["phases"]}


def test_build_pushes_an_image_and_writes_its_log(cloud: Cloud, image: str) -> None:
    assert image.startswith(f"{REGISTRY}/tiny@sha256:")
    first, *_ = cloud.client("codebuild").list_builds_for_project(projectName="images", sortOrder="ASCENDING")["ids"]
    log = cloud.log("/builds", first.rpartition(":")[2])
    assert any("RUN pip install" in line for line in log)
    assert "said from the buildspec" in log  # exported in an earlier phase
    assert any(image.rpartition("@")[2] in line for line in log)


def test_same_content_gives_same_digest(cloud: Cloud, image: str) -> None:
    build = cloud.build(tiny_image(), "again")
    assert build["buildStatus"] == "SUCCEEDED"
    assert set(phases(build).values()) == {"SUCCEEDED", None}
    found = cloud.client("ecr").describe_images(repositoryName="tiny", imageIds=[{"imageTag": "again"}])
    assert found["imageDetails"][0]["imageDigest"] == image.rpartition("@")[2]


def test_immutable_tag_is_not_overwritten(cloud: Cloud, image: str) -> None:
    changed = tiny_image() | {"program/extra.py": "x = 1\n"}
    build = cloud.build(changed, "first")
    assert build["buildStatus"] == "FAILED"
    assert phases(build)["POST_BUILD"] == "FAILED"
    stream = build["logs"]["streamName"]
    assert any("image tag 'first' already exists" in line for line in cloud.log("/builds", stream))


def test_failing_command_is_named(cloud: Cloud) -> None:
    files = tiny_image()
    files["image/Dockerfile"] = files["image/Dockerfile"].replace("USER 1000", "HEALTHCHECK CMD true")
    build = cloud.build(files, "bad")
    assert build["buildStatus"] == "FAILED"
    assert phases(build)["BUILD"] == "FAILED"
    context = next(phase["contexts"][0] for phase in build["phases"] if phase["phaseType"] == "BUILD")
    assert context["statusCode"] == "COMMAND_EXECUTION_ERROR"
    assert "docker build" in context["message"]
    log = cloud.log("/builds", build["logs"]["streamName"])
    assert any("line 10: HEALTHCHECK is not understood" in line for line in log)


def test_missing_source_fails_the_download(cloud: Cloud) -> None:
    started = cloud.client("codebuild").start_build(projectName="images", sourceLocationOverride="lake/nothing.zip")
    build = cloud.until(lambda: cloud.finished_build(started["build"]["id"]), "the build")
    assert phases(build)["DOWNLOAD_SOURCE"] == "FAILED"


def test_stopped_build_is_stopped(cloud: Cloud) -> None:
    spec = "version: 0.2\nphases:\n  build:\n    commands:\n      - sleep 60\n"
    codebuild = cloud.client("codebuild")
    build = codebuild.start_build(projectName="images", sourceTypeOverride="NO_SOURCE", buildspecOverride=spec)["build"]
    cloud.until(
        lambda: codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]["currentPhase"] == "BUILD", "the sleep"
    )
    codebuild.stop_build(id=build["id"])
    stopped = cloud.until(lambda: cloud.finished_build(build["id"]), "the stop")
    assert stopped["buildStatus"] == "STOPPED"
    assert build["id"] in codebuild.list_builds_for_project(projectName="images")["ids"]


def test_a_token_that_was_used_starts_no_second_build(cloud: Cloud) -> None:
    codebuild = cloud.client("codebuild")
    spec = "version: 0.2\nphases:\n  build:\n    commands:\n      - true\n"
    asked = {"projectName": "images", "sourceTypeOverride": "NO_SOURCE", "buildspecOverride": spec}
    first = codebuild.start_build(**asked, idempotencyToken="once")["build"]["id"]
    assert codebuild.start_build(**asked, idempotencyToken="once")["build"]["id"] == first
    assert codebuild.start_build(**asked, idempotencyToken="twice")["build"]["id"] != first
    with pytest.raises(codebuild.exceptions.InvalidInputException, match="other parameters"):
        codebuild.start_build(projectName="images", idempotencyToken="once")


def test_system_libraries_are_this_machines_and_nothing_else_is_installed(cloud: Cloud) -> None:
    wanted = 'RUN apt-get update && apt-get install -y --no-install-recommends {} && rm -rf "/var/lib/apt/lists/*"'
    files = tiny_image()
    files["image/Dockerfile"] += wanted.format("libgomp1 libnowhere7") + "\n"
    build = cloud.build(files, "with-libraries")
    assert build["buildStatus"] == "SUCCEEDED"
    log = cloud.log("/builds", build["logs"]["streamName"])
    assert any("This machine has no libnowhere: what needs libnowhere7 will not start here" in line for line in log)
    files["image/Dockerfile"] += wanted.format("curl") + "\n"
    refused = cloud.build(files, "with-curl")
    assert refused["buildStatus"] == "FAILED"
    log = cloud.log("/builds", refused["logs"]["streamName"])
    assert any("may install shared libraries (libNAME) in the local docker, got `curl`" in line for line in log)
