"""CodeBuild's projects: what moto's record of a project drops on creation, and updates."""

from __future__ import annotations

import time
from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam.service_uses import CODEBUILD
from sandbox.cloud.control.iam.trust import trusts
from sandbox.cloud.moto import backends

_DEFAULTS = {"timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480}


@handles("codebuild", "CreateProject")
def _create(call: Call) -> Params:
    _check_role(call)
    call.forward()
    kept = _project(call)
    for member, value in {**_DEFAULTS, **call.params}.items():
        kept[member] = value
    return {"project": kept}


@handles("codebuild", "UpdateProject")
def _update(call: Call) -> Params:
    _check_role(call)
    kept = _project(call)
    kept.update(call.params)
    kept["lastModifiedDate"] = time.time()
    return {"project": kept}


@handles("codebuild", "DeleteProject")
def _delete(call: Call) -> Params:
    # The provider names a project by its ARN, which AWS takes and moto passes over in silence.
    return call.forward({"name": call.params["name"].rsplit("/", 1)[-1]})


def _check_role(call: Call) -> None:
    role = call.params.get("serviceRole")
    if role and not trusts(role, CODEBUILD, call.params["name"].rsplit("/", 1)[-1]):
        raise AwsError(
            "InvalidInputException",
            f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}. Please verify that the role exists and "
            f"that its trust policy lets {CODEBUILD.principal} assume it.",
        )


def _project(call: Call) -> dict[str, Any]:
    name = call.params["name"]
    project = backends.of("codebuild", call.account, call.region).codebuild_projects.get(name)
    if project is None:
        arn = f"arn:aws:codebuild:{call.region}:{call.account}:project/{name}"
        raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
    metadata: dict[str, Any] = project.project_metadata
    return metadata
