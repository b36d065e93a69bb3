"""ECR's layers: what a push asks for and uploads before it puts an image, each call with a right of its own."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.moto import backends
from sandbox.cloud.state import records

_LAYERS = "EcrLayer"
_UPLOADS: dict[str, bytes] = {}  # an upload is a push's own: it does not outlive the local cloud


def _key(call: Call, digest: str) -> str:
    return f"{call.params['repositoryName']}@{digest}"


def _repository(call: Call) -> Any:
    name = call.params["repositoryName"]
    found = backends.of("ecr", call.account, call.region).repositories.get(name)
    if found is None:
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{call.account}'",
        )
    return found


@handles("ecr", "BatchCheckLayerAvailability")
def _available(call: Call) -> Params:
    _repository(call)
    known = records.table(_LAYERS)
    layers, failures = [], []
    for digest in call.params["layerDigests"]:
        if row := known.get(_key(call, digest)):
            layers.append({"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": row["size"]})
        else:
            reason = f"The layer with digest '{digest}' does not exist"
            failures.append({"layerDigest": digest, "failureCode": "MissingLayerDigest", "failureReason": reason})
    return {"layers": layers, "failures": failures}


@handles("ecr", "InitiateLayerUpload")
def _begin(call: Call) -> Params:
    _repository(call)
    upload = str(uuid.uuid4())
    _UPLOADS[upload] = b""
    return {"uploadId": upload, "partSize": 10 * 1024 * 1024}


@handles("ecr", "UploadLayerPart")
def _part(call: Call) -> Params:
    upload, first = _upload(call), call.params["partFirstByte"]
    if first != len(_UPLOADS[upload]):
        raise AwsError(
            "InvalidLayerPartException", f"The next part begins at byte {len(_UPLOADS[upload])}, not {first}"
        )
    _UPLOADS[upload] += call.params["layerPartBlob"]
    return {**_about(call), "uploadId": upload, "lastByteReceived": len(_UPLOADS[upload]) - 1}


@handles("ecr", "CompleteLayerUpload")
def _complete(call: Call) -> Params:
    upload = _upload(call)
    content = _UPLOADS.pop(upload)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if digest not in call.params["layerDigests"]:
        wanted = ", ".join(call.params["layerDigests"])
        raise AwsError("InvalidLayerException", f"The layer's digest is {digest}, not {wanted}")
    records.table(_LAYERS)[_key(call, digest)] = {"size": len(content)}
    records.changed()
    return {**_about(call), "uploadId": upload, "layerDigest": digest}


def _upload(call: Call) -> str:
    _repository(call)
    upload = str(call.params["uploadId"])
    if upload not in _UPLOADS:
        raise AwsError("UploadNotFoundException", f"The upload with id '{upload}' could not be found")
    return upload


def _about(call: Call) -> Params:
    return {"registryId": call.account, "repositoryName": call.params["repositoryName"]}
