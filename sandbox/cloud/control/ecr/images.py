"""ECR: a push that would move an immutable tag, or that names no repository, is refused as AWS refuses it."""

from __future__ import annotations

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.moto import backends


@handles("ecr", "PutImage")
def _put(call: Call) -> Params:
    name, tag = call.params["repositoryName"], call.params.get("imageTag")
    repository = backends.of("ecr", call.account, call.region).repositories.get(name)
    if repository is None:
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{call.account}'",
        )
    holder = next((image for image in repository.images if tag and tag in image.image_tags), None)
    moves = holder is not None and holder.image_manifest != call.params["imageManifest"]
    if moves and repository.image_tag_mutability == "IMMUTABLE":
        raise AwsError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the "
            "tag is immutable.",
        )
    return call.forward()
