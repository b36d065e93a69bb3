"""Which AWS action a request asks for: told by its signature, its target header, its path."""

from __future__ import annotations

import functools
import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]*)/([^/,\s]+)/aws4_request")

# Services whose name in the signature is not botocore's name, or that share it.
_BY_SIGNING_NAME = {
    "access-analyzer": ("accessanalyzer",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "email": ("ses", "sesv2"),
    "monitoring": ("cloudwatch",),
    "s3": ("s3control", "s3"),
    "sagemaker": ("sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics"),
    "servicequotas": ("service-quotas",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
_S3_CONTROL_PATH = "/v20180820/"


@dataclass(frozen=True)
class Asked:
    """What a request asks for; `operation` is None where botocore's models know no such call.

    `access_key` is empty, and the signing name s3, where nobody signed.
    """

    service: str
    operation: OperationModel | None
    uri_params: dict[str, Any]
    region: str
    access_key: str
    signing_name: str


def request_of(environ: dict[str, Any], body: bytes) -> Request:
    """Return a request object over its own copy of the body, so that several readers do not race for one stream."""
    return Request({**environ, "wsgi.input": io.BytesIO(body)})


def identify(environ: dict[str, Any], body: bytes) -> Asked | None:
    """Return what is asked for, or None for a request that carries no AWS signature."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")) or _presigned(environ)
    if not found:
        return None
    access_key, region, signing_name = found.groups()
    request = request_of(environ, body)
    candidates = _candidates(signing_name.lower(), request)
    for service in candidates:
        matched = match(service, request)
        if matched:
            return Asked(service, matched[0], matched[1], region, access_key, signing_name)
    return Asked(candidates[-1] if candidates else signing_name, None, {}, region, access_key, signing_name)


def _presigned(environ: dict[str, Any]) -> re.Match[str] | None:
    credential = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential")
    return _CREDENTIAL.search(f"Credential={unquote(credential[0])}") if credential else None


def _candidates(signing_name: str, request: Request) -> tuple[str, ...]:
    names = _BY_SIGNING_NAME.get(signing_name, (signing_name,))
    if signing_name == "s3":
        return ("s3control",) if request.raw_path.startswith(_S3_CONTROL_PATH) else ("s3",)
    return tuple(name for name in names if service_model(name))


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
    from moto.core.routing import get_router_class  # noqa: PLC0415 - beside its only use

    model = get_service_model(service)
    router = get_router_class(service, str(model.protocol))
    return router(model) if router else get_service_router(service)
