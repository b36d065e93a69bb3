"""The dynamic resource that has CodeBuild build a bundle, waits, and knows the image by its digest."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from agreements.prefixes import BUNDLES
from components.account import session_for
from components.bucket import Bucket
from components.image.bundle import Bundle, bundle
from components.place import Place

if TYPE_CHECKING:
    import boto3

TAG_LENGTH = 32
_LAST_LINES = 40
_SLOWEST_POLL_SECONDS = 10.0
_TIMEOUT_SECONDS = 60 * 60
_MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
# A role is seconds old when its first build starts, and IAM tells its services of it within about that time.
_TRIES = 7
_TRY_AGAIN_SECONDS = 10.0
_LOOKS = 10
_LOOK_AGAIN_SECONDS = 2.0
_BEFORE_INSTALL = frozenset({"SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"})


class ImageBuildError(Exception):
    """A build that gave no image; its message ends with the build's own last log lines."""


class ImageBuildProvider(ResourceProvider):
    """Builds a bundle that has no image yet; an image that is there already is taken as it is."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Find or build the image of `props`'s bundle."""
        session = session_for(props["account_id"], props["region"])
        tag = str(props["digest"])[:TAG_LENGTH]
        image_digest = _pushed(session, props["repository_name"], tag)
        if image_digest is None:
            source = _upload(session, props["bucket"], _read_bundle(props))
            build = _build(session, props["project_name"], source, tag)
            image_digest = _shown(session, props["repository_name"], tag, build)
            if image_digest is None:
                raise ImageBuildError(_reason(session, build, tag))
        outputs = {
            **props,
            "image_digest": image_digest,
            "image_uri": f"{props['repository_url']}@{image_digest}",
        }
        return CreateResult(id_=tag, outs=outputs)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Ask for another build when the bundle or the repository is another one."""
        rebuild = [key for key in ("digest", "repository_url") if _olds.get(key) != _news.get(key)]
        inputs = ("account_id", "region", "bucket", "project_name", "repository_name", "folders")
        changed = any(_olds.get(key) != _news.get(key) for key in inputs)
        return DiffResult(changes=changed or bool(rebuild), replaces=rebuild, stables=[], delete_before_replace=False)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Record where the next build would run; the image stays."""
        return UpdateResult(outs={**_news, **{key: _olds[key] for key in ("image_digest", "image_uri")}})

    # No delete: model packages name images by digest for as long as they live. The repository owns the images.


@dataclass(frozen=True, kw_only=True)
class ImageBuildArgs:
    """What an `ImageBuild` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    bundles : Bucket
        Where the bundle is put.
    project : aws.codebuild.Project
        What builds it.
    repository : aws.ecr.Repository
        Where the image goes.
    folders : sequence of str
        What the bundle holds, relative to the folder that the program runs in.
    digest : str
        Of the bundle.
    """

    place: Place
    bundles: Bucket
    project: aws.codebuild.Project
    repository: aws.ecr.Repository
    folders: Sequence[str]
    digest: str


class ImageBuild(Resource, module="image", name="ImageBuild"):
    """One bundle's image.

    Attributes
    ----------
    image_uri : pulumi.Output[str]
        ``<repository>@sha256:<digest>``, the only name that jobs and models use.
    image_digest : pulumi.Output[str]
        ``sha256:<hex>``.
    """

    image_uri: pulumi.Output[str]
    image_digest: pulumi.Output[str]

    def __init__(self, name: str, args: ImageBuildArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the build."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "bucket": args.bundles.name,
            "project_name": args.project.name,
            "repository_name": args.repository.name,
            "repository_url": args.repository.repository_url,
            "folders": list(args.folders),
            "digest": args.digest,
            "image_uri": None,
            "image_digest": None,
        }
        super().__init__(ImageBuildProvider(), name, inputs, opts)


def _read_bundle(props: dict[str, Any]) -> Bundle:
    made = bundle(Path.cwd(), props["folders"])
    if made.digest != props["digest"]:
        raise ImageBuildError(
            f"The folders {', '.join(props['folders'])} must stay as they are while an update runs, but their digest "
            f"changed from {props['digest'][:12]} to {made.digest[:12]}. Run the update again."
        )
    return made


def _pushed(session: boto3.Session, repository_name: str, tag: str) -> str | None:
    answer = session.client("ecr").batch_get_image(repositoryName=repository_name, imageIds=[{"imageTag": tag}])
    if not answer["images"]:
        return None
    image = answer["images"][0]
    if image.get("imageManifestMediaType", _MEDIA_TYPE) != _MEDIA_TYPE:
        raise ImageBuildError(
            f"Image {repository_name}:{tag} must be pushed as a Docker image manifest V2, schema 2 ({_MEDIA_TYPE}), "
            f"which SageMaker takes, got {image['imageManifestMediaType']}. Build it without attestations and for one "
            "platform, as image/buildspec.yml does; a changed bundle gets another tag."
        )
    return str(image["imageId"]["imageDigest"])


def _shown(session: boto3.Session, repository_name: str, tag: str, build: dict[str, Any]) -> str | None:
    """Return the image that a build pushed; where it succeeded, ECR may need a moment to show it."""
    tries = _LOOKS if build["buildStatus"] == "SUCCEEDED" else 1
    for attempt in range(1, tries + 1):
        image_digest = _pushed(session, repository_name, tag)
        if image_digest is not None or attempt == tries:
            return image_digest
        time.sleep(_LOOK_AGAIN_SECONDS)
    raise AssertionError("the last look returns")


def _upload(session: boto3.Session, bucket: str, made: Bundle) -> str:
    key = f"{BUNDLES}{made.digest}.zip"
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=made.content, ChecksumAlgorithm="SHA256")
    return f"{bucket}/{key}"


def _build(session: boto3.Session, project_name: str, source: str, tag: str) -> dict[str, Any]:
    """Run a build to its end; again, a few times, where its role was not in force yet."""
    for attempt in range(1, _TRIES + 1):
        build_id = _start(session, project_name, source, tag, last=attempt == _TRIES)
        if build_id is not None:
            build = _wait(session, build_id)
            if not _denied_before_install(build) or attempt == _TRIES:
                return build
        time.sleep(_TRY_AGAIN_SECONDS)
    raise AssertionError("the last try returns or raises")


def _start(session: boto3.Session, project_name: str, source: str, tag: str, *, last: bool) -> str | None:
    """Start a build and return its id; None where CodeBuild cannot assume its role, unless it is the `last` try."""
    client = session.client("codebuild")
    try:
        answer = client.start_build(
            projectName=project_name,
            sourceTypeOverride="S3",
            sourceLocationOverride=source,
            environmentVariablesOverride=[{"name": "IMAGE_TAG", "value": tag, "type": "PLAINTEXT"}],
            idempotencyToken=uuid.uuid4().hex,  # a call that the client repeats starts no second build
        )
    except client.exceptions.AccountLimitExceededException as error:
        raise ImageBuildError(
            f"CodeBuild must be allowed to run one build of project {project_name} now, and refused: "
            f"{error.response['Error']['Message']}. A new account may have a quota of 0: ask for more in the console "
            "under Service Quotas, AWS CodeBuild, `Concurrently running builds for Linux/Small environment`, or wait "
            "until other builds of the account have ended. Then run the same command again; it goes on from here."
        ) from error
    except client.exceptions.InvalidInputException as error:
        if last or "sts:AssumeRole" not in error.response["Error"]["Message"]:
            raise
        return None
    return str(answer["build"]["id"])


def _denied_before_install(build: dict[str, Any]) -> bool:
    """Tell whether a build ended because its role might not yet, before any command of it ran."""
    phases = [phase for phase in build.get("phases", []) if phase["phaseType"] not in ("COMPLETED", "FINALIZING")]
    said = [
        f"{context.get('statusCode')} {context.get('message')}"
        for phase in phases
        for context in phase.get("contexts", [])
    ]
    return (
        build["buildStatus"] in ("FAILED", "FAULT")
        and all(phase["phaseType"] in _BEFORE_INSTALL for phase in phases)
        and any("ACCESS_DENIED" in words or "AccessDenied" in words for words in said)
    )


def _wait(session: boto3.Session, build_id: str) -> dict[str, Any]:
    client = session.client("codebuild")
    pause, deadline = 0.5, time.monotonic() + _TIMEOUT_SECONDS
    while True:
        builds = client.batch_get_builds(ids=[build_id])["builds"]  # none as long as CodeBuild does not show a new one
        build: dict[str, Any] = dict(builds[0]) if builds else {"buildStatus": "IN_PROGRESS"}
        if build["buildStatus"] != "IN_PROGRESS":
            return build
        if time.monotonic() > deadline:
            client.stop_build(id=build_id)
            raise ImageBuildError(f"Build {build_id} must end within an hour, and did not. It was stopped; try again.")
        time.sleep(pause)
        pause = min(pause * 1.5, _SLOWEST_POLL_SECONDS)


def _reason(session: boto3.Session, build: dict[str, Any], tag: str) -> str:
    contexts = [
        f"{phase['phaseType']}: {context['message']}"
        for phase in build.get("phases", [])
        for context in phase.get("contexts", [])
        if context.get("message")
    ]
    told = [f"Image build {build['id']} ended as {build['buildStatus']} and pushed no image tagged {tag}.", *contexts]
    if _denied_before_install(build):
        told.append(f"It was tried {_TRIES} times, in case that its role was only new: look at what the role may do.")
    lines = _last_lines(session, build.get("logs", {}))
    return "\n".join([*told, *(["The build's last lines:"] if lines else []), *(f"  {line}" for line in lines)])


def _last_lines(session: boto3.Session, logs: dict[str, Any]) -> list[str]:
    group, stream = logs.get("groupName"), logs.get("streamName")
    if not group or not stream:
        return []
    client = session.client("logs")
    try:
        answer = client.get_log_events(logGroupName=group, logStreamName=stream, limit=_LAST_LINES, startFromHead=False)
    except client.exceptions.ResourceNotFoundException:
        return []  # the build ended before it wrote anything
    return [event["message"].rstrip("\n") for event in answer["events"]]
