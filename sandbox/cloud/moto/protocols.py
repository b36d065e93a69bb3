"""AWS's service models and wire formats, by moto's readers and writers of them."""

from __future__ import annotations

import functools
import io
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import NotFound, get_router_class, get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from sandbox.cloud.actions import Params

__all__ = ["OperationModel", "Request"]


def request_of(environ: dict[str, Any], body: bytes) -> Request:
    """Return a request object over its own copy of the body, so that several readers do not race for one stream."""
    return Request({**environ, "wsgi.input": io.BytesIO(body)})


def model_of(service: str) -> ServiceModel:
    """Return botocore's model of a service that it knows."""
    return get_service_model(service)


@functools.cache
def service_model(service: str) -> ServiceModel | None:
    """Return botocore's model of a service, or None where there is none of that name."""
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def match(service: str, request: Request) -> tuple[OperationModel, dict[str, Any]] | None:
    """Return the operation of a service that a request asks for and what its path says, or None for none."""
    model = service_model(service)
    if model is None:
        return None
    target = request.headers.get("X-Amz-Target")
    if target:
        prefix, _, action = target.rpartition(".")
        known = prefix == model.metadata.get("targetPrefix") and action in model.operation_names
        return (model.operation_model(action), {}) if known else None
    if str(model.protocol).startswith("rest-"):
        try:
            found: tuple[OperationModel, dict[str, Any]] = _rest_router(service).match(request)
        except NotFound:
            return None
        return found
    action = request.values.get("Action", "")
    return (model.operation_model(action), {}) if action in model.operation_names else None


@functools.cache
def _rest_router(service: str) -> Any:
    model = model_of(service)
    router = get_router_class(service, str(model.protocol))
    return router(model) if router else get_service_router(service)


def protocol_of(operation: OperationModel, content_type: str) -> str:
    """Return the protocol that a request is written in: a REST service's own, else what the content type says."""
    protocol = str(operation.service_model.protocol)
    if protocol.startswith("rest-"):
        return protocol
    return str(determine_request_protocol(operation.service_model, content_type))


def parse(operation: OperationModel, uri_params: dict[str, Any], environ: dict[str, Any], body: bytes) -> Params:
    """Return the parameters of a request as botocore would take them; `uri_params` are what its path says."""
    request = request_of(environ, body)
    protocol = protocol_of(operation, request.content_type or "")
    parser = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=parse_timestamp)
    values = request.args if protocol.startswith("rest-") else request.values
    parsed = parser.parse(
        {
            "method": request.method,
            "values": values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": uri_params,
        }
    )
    return {name: value for name, value in parsed.items() if value is not None}


def write(operation: OperationModel, content_type: str, output: Params) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and the body of an answer to a request with a content type."""
    protocol = protocol_of(operation, content_type)
    serializer = get_serializer_class(operation.service_model.service_name, protocol)(operation_model=operation)
    written = serializer.serialize(output)
    body = written["body"] or b""
    headers = {name: str(value) for name, value in written["headers"].items()}
    return written["status_code"], headers, body.encode() if isinstance(body, str) else bytes(body)
