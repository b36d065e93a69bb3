"""CodeBuild: StartBuild, BatchGetBuilds, StopBuild, ListBuilds, ListBuildsForProject."""

from __future__ import annotations

import copy
import shutil
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import clients, settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.run.builds.run import BuildRun, emit_state
from sandbox.cloud.run.images import store
from sandbox.cloud.state import records

STOPPED_WITH_CLOUD = "the local cloud stopped while the build ran"
_RUNS: dict[str, BuildRun] = {}
_TOKEN_SECONDS = 5 * 60.0  # for which AWS remembers an idempotencyToken
_TOKENS: dict[str, tuple[float, Params, Params]] = {}  # until when, what was asked, what was answered
_STARTING = threading.Lock()
_OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "buildspecOverride": ("source", "buildspec"),
    "imageOverride": ("environment", "image"),
    "computeTypeOverride": ("environment", "computeType"),
    "environmentTypeOverride": ("environment", "type"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
}


def _builds() -> dict[str, records.Record]:
    return records.table("Build")


def _project(name: str) -> dict[str, Any]:
    found = clients.client("codebuild").batch_get_projects(names=[name])["projects"]
    if not found:
        raise AwsError("ResourceNotFoundException", f"Project cannot be found: {name}")
    return dict(found[0])


def _merged(project: dict[str, Any], params: Params) -> dict[str, Any]:
    """Lay a call's overrides over its project."""
    made = {name: copy.deepcopy(project.get(name) or {}) for name in ("source", "environment", "logsConfig")}
    for name, (part, key) in _OVERRIDES.items():
        if name in params:
            made[part][key] = params[name]
    made["logsConfig"] = params.get("logsConfigOverride", made["logsConfig"])
    variables = {item["name"]: item for item in made["environment"].get("environmentVariables") or []}
    variables |= {item["name"]: item for item in params.get("environmentVariablesOverride", [])}
    made["environment"]["environmentVariables"] = list(variables.values())
    return made


@handles("codebuild", "StartBuild")
def start_build(call: Call) -> Params:
    """Start a build of a project; a token that was used a moment ago starts none, and gets the answer of then."""
    token = call.params.get("idempotencyToken")
    if not token:
        return _start(call)
    with _STARTING:
        now = time.monotonic()
        until, asked, answer = _TOKENS.get(token, (now, {}, {}))
        if until <= now:
            answer = _start(call)
            _TOKENS[token] = (now + _TOKEN_SECONDS, dict(call.params), answer)
        elif asked != call.params:
            raise AwsError("InvalidInputException", "The idempotencyToken was used with other parameters.")
        return copy.deepcopy(answer)


def _start(call: Call) -> Params:
    params = call.params
    project = _project(params["projectName"])
    merged = _merged(project, params)
    if merged["source"].get("type") not in ("S3", "NO_SOURCE"):
        raise AwsError(
            "InvalidInputException",
            f"source type must be S3 or NO_SOURCE in the local cloud, got {merged['source'].get('type')}",
        )
    build = str(uuid.uuid4())
    name = project["name"]
    cloudwatch = merged["logsConfig"].get("cloudWatchLogs") or {}
    group = cloudwatch.get("groupName") or f"/aws/codebuild/{name}"
    stream = "/".join(part for part in (cloudwatch.get("streamName"), build) if part)
    now = datetime.now(UTC)
    arn = f"arn:aws:codebuild:{call.region}:{call.account}"
    record: records.Record = {
        "id": f"{name}:{build}",
        "arn": f"{arn}:build/{name}:{build}",
        "buildNumber": 1 + sum(other["projectName"] == name for other in _builds().values()),
        "startTime": now,
        "currentPhase": "QUEUED",
        "buildStatus": "IN_PROGRESS",
        "projectName": name,
        "phases": [
            {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED", "startTime": now, "endTime": now},
            {"phaseType": "QUEUED", "phaseStatus": "SUCCEEDED", "startTime": now, "endTime": now},
        ],
        "source": merged["source"],
        "artifacts": {"location": ""},
        "cache": {"type": "NO_CACHE"},
        "environment": merged["environment"],
        "serviceRole": params.get("serviceRoleOverride", project["serviceRole"]),
        "logs": {
            "groupName": group,
            "streamName": stream,
            "cloudWatchLogsArn": f"arn:aws:logs:{call.region}:{call.account}:log-group:{group}:log-stream:{stream}",
            "cloudWatchLogs": {"status": "ENABLED", "groupName": group},
        },
        "timeoutInMinutes": params.get("timeoutInMinutesOverride") or project.get("timeoutInMinutes") or 60,
        "queuedTimeoutInMinutes": project.get("queuedTimeoutInMinutes") or 480,
        "buildComplete": False,
        "initiator": (call.role_arn or "local").rsplit("/", 1)[-1],
    }
    if version := params.get("sourceVersion") or project.get("sourceVersion"):
        record["sourceVersion"] = version
    if key := params.get("encryptionKeyOverride") or project.get("encryptionKey"):
        record["encryptionKey"] = key
    with records.LOCK:
        _builds()[record["id"]] = record
        records.began("Build", record["id"])
    emit_state(record)
    run = BuildRun(record)
    _RUNS[record["id"]] = run
    run.start()
    return {"build": copy.deepcopy(record)}


@handles("codebuild", "BatchGetBuilds")
def batch_get_builds(call: Call) -> Params:
    """Show builds by id or ARN."""
    asked = [name.rpartition(":build/")[2] for name in call.params["ids"]]
    with records.LOCK:
        found = [copy.deepcopy(_builds()[name]) for name in asked if name in _builds()]
    return {"builds": found, "buildsNotFound": [name for name in asked if name not in _builds()]}


@handles("codebuild", "StopBuild")
def stop_build(call: Call) -> Params:
    """Stop a build; one that is over stays as it is."""
    name = call.params["id"].rpartition(":build/")[2]
    if name not in _builds():
        raise AwsError("ResourceNotFoundException", f"Build cannot be found: {call.params['id']}")
    if name in _RUNS:
        _RUNS[name].stop()
        _RUNS[name].join(timeout=10)
    return {"build": copy.deepcopy(_builds()[name])}


def _newest_first(call: Call, project: str | None) -> Params:
    with records.LOCK:
        rows = [row for row in _builds().values() if project in (None, row["projectName"])]
    rows.sort(key=lambda row: row["startTime"], reverse=call.params.get("sortOrder", "DESCENDING") == "DESCENDING")
    return {"ids": [row["id"] for row in rows]}


@handles("codebuild", "ListBuilds")
def list_builds(call: Call) -> Params:
    """List every build's id."""
    return _newest_first(call, None)


@handles("codebuild", "ListBuildsForProject")
def list_builds_for_project(call: Call) -> Params:
    """List a project's builds."""
    return _newest_first(call, _project(call.params["projectName"])["name"])


def on_start() -> None:
    """Fail what was running when the local cloud stopped, and remove what it left behind."""
    shutil.rmtree(settings.current().folder / "builds", ignore_errors=True)
    for unfinished in store.place().glob("building-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    now = datetime.now(UTC)
    with records.LOCK:
        for record in _builds().values():
            if record["buildStatus"] == "IN_PROGRESS":
                context = {"statusCode": "INTERNAL_ERROR", "message": STOPPED_WITH_CLOUD}
                record["phases"][-1] |= {"phaseStatus": "FAULT", "endTime": now, "contexts": [context]}
                record |= {"buildStatus": "FAULT", "currentPhase": "COMPLETED", "buildComplete": True, "endTime": now}
    records.changed()
