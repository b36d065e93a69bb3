"""AWS's wire formats: a request's parameters in, an output or an error out, by botocore's models."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.moto import protocols
from sandbox.cloud.moto.protocols import OperationModel, protocol_of
from sandbox.cloud.server.identify import Asked

_NO_BODY = {204, 304}


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def parse(asked: Asked, environ: dict[str, Any], body: bytes) -> Params:
    """Return the parameters of a request as botocore would take them."""
    assert asked.operation is not None  # noqa: S101 - callers parse only what was identified
    return protocols.parse(asked.operation, asked.uri_params, environ, body)


def answer(operation: OperationModel, content_type: str, output: Params) -> Answer:
    """Write a handler's output."""
    status, written, body = protocols.write(operation, content_type, output)
    headers = {**written, "x-amzn-RequestId": str(uuid.uuid4())}
    return Answer(status, list(headers.items()), body)


def error(error: AwsError, protocol: str, service: str) -> Answer:
    """Write an error in the format of a protocol."""
    request_id = str(uuid.uuid4())
    # an answer to HEAD has no body to read it from, and a state machine's error needs it
    headers = [("x-amz-request-id" if service == "s3" else "x-amzn-RequestId", request_id)]
    if protocol in ("json", "rest-json"):
        text = json.dumps({"__type": error.code, "message": error.message, **error.fields}, default=str)
        version = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
        headers += [("Content-Type", version), ("x-amzn-errortype", error.code)]
        return Answer(error.status, headers, text.encode())
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if service == "s3":
        text = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    elif protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        fault = "Sender" if error.status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{fault}</Type>{inner}</Error><RequestId>{request_id}</RequestId>"
            "</ErrorResponse>"
        )
    headers.append(("Content-Type", "application/xml"))
    return Answer(error.status, headers, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())


def rewritten(operation: OperationModel, environ: dict[str, Any], params: Params) -> tuple[dict[str, Any], bytes]:
    """Return a request like the one given but with other parameters, as moto is to see it."""
    protocol = protocol_of(operation, environ.get("CONTENT_TYPE", ""))
    made = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    raw = made["body"]
    if isinstance(raw, dict):
        raw = urlencode(raw)
    body = raw.encode() if isinstance(raw, str) else bytes(raw or b"")
    path = urlsplit(made["url_path"])
    query = "&".join(part for part in (path.query, urlencode(made["query_string"] or {}, doseq=True)) if part)
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("HTTP_X_AMZ_META_") and name not in ("CONTENT_LENGTH", "HTTP_X_AMZ_TARGET")
    }
    changed = {
        **kept,
        "PATH_INFO": path.path,
        "RAW_URI": f"{path.path}?{query}" if query else path.path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": made["method"],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in made["headers"].items():
        key = name.upper().replace("-", "_")
        changed[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = str(value)
    return changed, body


def read(operation: OperationModel, content_type: str, got: Answer) -> Params:
    """Read an answer of moto's as botocore would show it; an error is raised as `AwsError`."""
    protocol = protocol_of(operation, content_type)
    headers = {name.lower(): value for name, value in got.headers}
    response = {"status_code": got.status, "headers": headers, "body": got.body}
    parser = create_parser(protocol)
    output: Params = parser.parse(response, operation.output_shape)
    if got.status >= 300:
        said = output.get("Error", {})
        raise AwsError(str(said.get("Code") or got.status), str(said.get("Message", "")), got.status)
    output.pop("ResponseMetadata", None)
    return output


def head_only(got: Answer) -> bool:
    """Return whether an answer has no body by its status."""
    return got.status in _NO_BODY
