"""InvokeEndpoint: a variant chosen by weight, its container asked, the answer passed on, counted and captured."""

from __future__ import annotations

import random
import time
from typing import Any

import urllib3

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.run.endpoints import capture, fleets, metrics
from sandbox.cloud.run.endpoints.fleets import Fleet
from sandbox.cloud.run.endpoints.server import LOG_GROUP, VariantServer
from sandbox.cloud.state import records

# Bytes. The API's model and its reference say 6,291,456; the developer guide speaks of 25 MB. The smaller is held to.
BODY_LIMIT = 6_291_456
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
_REVIVAL_SECONDS = 60.0  # how long a call waits for servers that a restart of the local cloud is starting
_WRITTEN_LIMIT = 2_048  # characters that the API's model gives ModelError's Message and OriginalMessage


@handles("sagemaker-runtime", "InvokeEndpoint")
def invoke_endpoint(call: Call) -> Params:
    """Ask an endpoint's container and return what it said; its errors are ModelError, as SageMaker reports them."""
    began = time.perf_counter()
    name = call.params["EndpointName"]
    body = call.params.get("Body") or b""
    if len(body) > BODY_LIMIT:
        raise AwsError(
            "ValidationError", f"Body must have at most {BODY_LIMIT} bytes, got {len(body)}: split the request."
        )
    row = records.table("Endpoint").get(name)
    if row is None or row["EndpointStatus"] in ("Creating", "Failed", "Deleting"):
        raise AwsError("ValidationError", f"Endpoint {name} of account {call.account} not found.")
    wanted = call.params.get("TargetVariant")
    wait = _REVIVAL_SECONDS if row["EndpointStatus"] == "SystemUpdating" else 0.0
    try:
        fleet, server = fleets.enter(name, lambda fleet: _choose(fleet, wanted), wait)
    except LookupError as error:
        raise AwsError("ServiceUnavailable", f"Endpoint {name} has no container that answers.", 503) from error
    try:
        return _ask(call, fleet, server, body, began)
    finally:
        server.release()


def _choose(fleet: Fleet, wanted: str | None) -> str:
    if wanted:
        if wanted not in fleet.servers:
            raise AwsError("ValidationError", f"Variant {wanted} not found for endpoint {fleet.endpoint}.")
        return wanted
    names = list(fleet.servers)
    weights = [fleet.weights[name] for name in names]
    if not any(weights):
        raise AwsError(
            "ValidationError", f"All variants of endpoint {fleet.endpoint} have weight 0: name a TargetVariant."
        )
    return random.choices(names, weights)[0]  # noqa: S311 - traffic, not secrets


def _ask(call: Call, fleet: Fleet, server: VariantServer, body: bytes, began: float) -> Params:
    params = call.params
    headers = {"Content-Type": params.get("ContentType") or "application/octet-stream"}
    for header, member in (
        ("Accept", "Accept"),
        (CUSTOM_ATTRIBUTES, "CustomAttributes"),
        (_INFERENCE_ID, "InferenceId"),
    ):
        if params.get(member):
            headers[header] = params[member]
    asked = time.perf_counter()
    status, said, answer = 0, b"", None
    try:
        answer = server.call(body, headers)
        status, said = answer.status, answer.data
    except urllib3.exceptions.TimeoutError:
        reason = (
            "Your invocation timed out while waiting for a response from container primary. Review the latency "
            "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
        )
    except urllib3.exceptions.HTTPError as error:
        status, reason = 503, f"The container of variant {server.plan.variant} does not answer: {error}"
    answered = time.perf_counter()
    variant = server.plan.variant
    metrics.count(
        fleet.endpoint, variant, status, answered - asked, lambda: (time.perf_counter() - began) - (answered - asked)
    )
    if answer is None:
        raise _model_error(call, server, status, "server", reason)
    if status >= 400:
        text = said.decode("utf-8", "replace")
        raise _model_error(call, server, status, "client" if status < 500 else "server", text)
    content_type = answer.headers.get("Content-Type", "application/octet-stream")
    out: Params = {"Body": said, "ContentType": content_type, "InvokedProductionVariant": variant}
    if CUSTOM_ATTRIBUTES in answer.headers:
        out["CustomAttributes"] = answer.headers[CUSTOM_ATTRIBUTES]
    capture.keep(fleet, server, params, body, out)
    return out


def _model_error(call: Call, server: VariantServer, status: int, side: str, said: str) -> AwsError:
    group = LOG_GROUP + server.endpoint
    said = said[:_WRITTEN_LIMIT]
    beginning = f'Received {side} error ({status}) from primary with message "'
    end = f'". See log group {group}, stream {server.stream} in account {call.account} for more information.'
    message = beginning + said[: _WRITTEN_LIMIT - len(beginning) - len(end)] + end
    fields: dict[str, Any] = {
        "OriginalStatusCode": status,
        "OriginalMessage": said,
        "LogStreamArn": f"arn:aws:logs:{call.region}:{call.account}:log-group:{group}:log-stream:{server.stream}",
    }
    return AwsError("ModelError", message, 424, **fields)
