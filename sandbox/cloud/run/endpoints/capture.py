"""Data capture: requests and answers as AWS writes them, JSON lines below DataCaptureConfig's address."""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.control.iam.service_uses import INFERENCE
from sandbox.cloud.run.endpoints.fleets import Fleet
from sandbox.cloud.run.endpoints.flush import every
from sandbox.cloud.run.endpoints.server import VariantServer
from sandbox.cloud.run.shared import transfer
from sandbox.cloud.run.shared.roles import assume, role_client

log = logging.getLogger("headrace.router")
_LOCK = threading.Lock()
# where a file goes: address, endpoint, variant, key, role
_Place = tuple[str, str, str, str | None, str]
_LINES: dict[_Place, list[str]] = defaultdict(list)


def keep(fleet: Fleet, server: VariantServer, params: Params, body: bytes, out: Params) -> None:
    """Keep one call for the next file, if the endpoint's configuration asks for it and the sample takes it."""
    config = fleet.configuration.get("DataCaptureConfig") or {}
    if not config.get("EnableCapture") or random.uniform(0, 100) >= config["InitialSamplingPercentage"]:  # noqa: S311
        return
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    data: dict[str, Any] = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _side("INPUT", params.get("ContentType") or "application/octet-stream", body, config)
    if modes & {"Output", "InputAndOutput"}:
        data["endpointOutput"] = _side("OUTPUT", out["ContentType"], out["Body"], config)
    metadata: dict[str, Any] = {
        "eventId": str(uuid.uuid4()),
        "inferenceTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if params.get("InferenceId"):
        metadata["inferenceId"] = params["InferenceId"]
    if out.get("CustomAttributes"):
        metadata["customAttributes"] = [out["CustomAttributes"]]
    line = json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})
    place = (
        config["DestinationS3Uri"],
        fleet.endpoint,
        server.plan.variant,
        config.get("KmsKeyId"),
        server.plan.role_arn,
    )
    with _LOCK:
        _LINES[place].append(line)
    _FLUSHER.wake()


def _side(mode: str, content_type: str, body: bytes, config: dict[str, Any]) -> dict[str, str]:
    headers = config.get("CaptureContentTypeHeader") or {}
    plain = content_type.split(";", maxsplit=1)[0].strip().lower()
    encoding = "BASE64"
    if plain in (headers.get("CsvContentTypes") or ["text/csv"]):
        encoding = "CSV"
    elif plain in (headers.get("JsonContentTypes") or ["application/json"]):
        encoding = "JSON"
    try:
        text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8")
    except UnicodeDecodeError:
        encoding, text = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}


def flush() -> None:
    """Write one file for every variant that was called since the last time."""
    with _LOCK:
        waiting = dict(_LINES)
        _LINES.clear()
    now = datetime.now(UTC)
    for place, lines in waiting.items():
        try:
            _write(place, lines, now)
        except (AwsError, ClientError, BotoCoreError) as error:
            log.warning("endpoint %s, %s: %d captured calls not written: %s", place[1], place[2], len(lines), error)


def _write(place: _Place, lines: list[str], now: datetime) -> None:
    address, endpoint, variant, key_id, role_arn = place
    bucket, prefix = transfer.split(address)
    file = f"{now:%Y/%m/%d/%H}/{now:%M-%S}-{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
    s3 = role_client("s3", assume(role_arn, INFERENCE, endpoint, "DataCapture"))
    s3.put_object(
        Bucket=bucket,
        Key="/".join(part for part in (prefix.rstrip("/"), endpoint, variant, file) if part),
        Body=("\n".join(lines) + "\n").encode(),
        **transfer.encryption(key_id),
    )


_FLUSHER = every(3.0, flush, "data capture")


def on_stop() -> None:
    """Stop flushing."""
    _FLUSHER.stop()
