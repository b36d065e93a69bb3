"""Images: an unpacked file tree and its configuration, under the digest of a manifest made from both."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.run.shared.roles import require, role_client

_OF_LAYERS = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer")
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class ImageError(Exception):
    """An image cannot be had; the message is what SageMaker would say."""


@dataclass(frozen=True)
class Reference:
    """``registry/repository:tag`` or ``registry/repository@sha256:...`` in its parts."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, uri: str) -> Reference:
        """Split an image's name; without tag and digest the tag is ``latest``."""
        rest, _, digest = uri.partition("@")
        head, _, last = rest.rpartition("/")
        last, _, tag = last.partition(":")
        registry, _, folder = head.partition("/")
        if "." not in registry and ":" not in registry:
            registry, folder = "", head
        repository = "/".join(part for part in (folder, last) if part)
        return cls(registry, repository, None if digest else (tag or "latest"), digest or None)

    @property
    def account(self) -> str:
        """The account whose registry it is."""
        return self.registry.split(".")[0]


@dataclass(frozen=True)
class Image:
    """An image on this machine.

    Attributes
    ----------
    digest : str
        ``sha256:...`` of the manifest.
    folder : Path
        Holds ``rootfs`` and ``image.json``.
    config : dict
        Env, WorkingDir, Entrypoint, Cmd, Labels, User, ExposedPorts as docker names them, and Lock: the text of the
        lock that its Python environment is installed from.
    """

    digest: str
    folder: Path
    config: dict[str, Any]

    @property
    def rootfs(self) -> Path:
        """The file tree."""
        return self.folder / "rootfs"

    @property
    def manifest(self) -> str:
        """The manifest's text, as pushed."""
        return (self.folder / "manifest.json").read_text("utf-8")


def place() -> Path:
    """Return the folder that holds all images."""
    return settings.current().folder / "images"


def load(digest: str) -> Image | None:
    """Return the image of a digest, or None if this machine does not have it."""
    folder = place() / digest.removeprefix("sha256:")
    if not (folder / "image.json").exists():
        return None
    return Image(digest, folder, json.loads((folder / "image.json").read_text("utf-8")))


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _layer(rootfs: Path) -> tuple[str, int]:
    """Return the digest and size of a file tree."""
    listing, size = _listing(rootfs)
    return _sha256(listing.encode()), size


def _listing(rootfs: Path) -> tuple[str, int]:
    """Return what a layer's digest is of, nothing of the clock; and the files' size."""
    entries = []
    size = 0
    for path in sorted(rootfs.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            size += len(data)
            entries.append(f"{path.relative_to(rootfs).as_posix()}\0{os.access(path, os.X_OK):d}\0{_sha256(data)}\n")
    return "".join(entries), size


def save(rootfs: Path, config: dict[str, Any]) -> Image:
    """Move a finished file tree into the store; the same content gives the same digest."""
    text = json.dumps(config, sort_keys=True, indent=1)
    layer, size = _layer(rootfs)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(text),
                "digest": _sha256(text.encode()),
            },
            "layers": [
                {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": size, "digest": layer}
            ],
        },
        sort_keys=True,
        indent=3,
    )
    digest = _sha256(manifest.encode())
    folder = place() / digest.removeprefix("sha256:")
    place().mkdir(parents=True, exist_ok=True)
    if not folder.exists():
        building = Path(tempfile.mkdtemp(prefix="building-", dir=place()))
        shutil.copytree(rootfs, building / "rootfs")
        (building / "manifest.json").write_text(manifest, "utf-8")
        (building / "image.json").write_text(text, "utf-8")
        try:
            building.rename(folder)
        except OSError:  # another build of the same content was faster
            shutil.rmtree(building)
    return Image(digest, folder, config)


def push(ecr: Any, image: Image, reference: Reference) -> None:
    """Put an image into the registry under a tag; pushing the same image under the same tag again changes nothing.

    Raises
    ------
    ImageError
        If the tag names another image and tags are immutable.
    botocore.exceptions.ClientError
        As ECR refuses: no such repository, no right.
    """
    where = {"registryId": reference.account, "repositoryName": reference.repository}
    try:
        found = ecr.batch_get_image(**where, imageIds=[{"imageTag": reference.tag}])["images"]
        if any(item["imageId"].get("imageDigest") == image.digest for item in found):
            return
        _push_layer(ecr, where, image)
        ecr.put_image(
            **where,
            imageManifest=image.manifest,
            imageManifestMediaType=_MANIFEST,
            imageTag=reference.tag,
            imageDigest=image.digest,
        )
    except ecr.exceptions.ImageAlreadyExistsException as error:
        raise ImageError(
            f"tag invalid: the image tag '{reference.tag}' already exists in the '{reference.repository}' repository "
            "and cannot be overwritten because the repository is immutable"
        ) from error


def _push_layer(ecr: Any, where: dict[str, str], image: Image) -> None:
    """Upload the image's one layer, unless the repository has it; what is sent is the list that its digest is of."""
    digest = json.loads(image.manifest)["layers"][0]["digest"]
    found = ecr.batch_check_layer_availability(**where, layerDigests=[digest])["layers"]
    if any(layer["layerAvailability"] == "AVAILABLE" for layer in found):
        return
    content = _listing(image.rootfs)[0].encode()
    upload = ecr.initiate_layer_upload(**where)["uploadId"]
    ecr.upload_layer_part(
        **where, uploadId=upload, partFirstByte=0, partLastByte=max(len(content) - 1, 0), layerPartBlob=content
    )
    ecr.complete_layer_upload(**where, uploadId=upload, layerDigests=[digest])


def resolve(uri: str, credentials: dict[str, str], role_arn: str) -> Image:
    """Return the image that a job or model names, pulled with the role's rights.

    Parameters
    ----------
    uri : str
        By tag or by digest.
    credentials : dict
        Of the role that pulls.
    role_arn : str
        For the message only.

    Raises
    ------
    ImageError
        If the registry does not have it or the role may not pull it.
    """
    reference = Reference.parse(uri)
    wanted = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag}
    missing = (
        f"Cannot find image {uri} in registry ID: {reference.account}. Please check if your ECR repository and image "
        f"exist and role {role_arn} has proper pull permissions for SageMaker: ecr:BatchCheckLayerAvailability, "
        "ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
    )
    at = settings.current()
    repository = f"arn:aws:ecr:{at.region}:{reference.account}:repository/{reference.repository}"
    try:
        ecr = role_client("ecr", credentials)
        ecr.get_authorization_token()
        found = ecr.batch_get_image(
            registryId=reference.account, repositoryName=reference.repository, imageIds=[wanted]
        )["images"]
        for action in _OF_LAYERS:  # the files lie on this machine already
            require(credentials, action, repository)
    except ClientError as error:
        raise ImageError(f"{missing} ({error.response['Error']['Code']})") from error
    except AwsError as error:
        raise ImageError(f"{missing} ({error.code}: {error.message})") from error
    if not found:
        raise ImageError(missing)
    image = load(found[0]["imageId"]["imageDigest"])
    if image is None:
        raise ImageError(f"{missing} (the registry names it, but its files are not on this machine: build it again)")
    return image
