"""Which AWS action a request asks for: told by its signature, its target header, its path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from sandbox.cloud.moto.protocols import OperationModel, Request, match, request_of, service_model

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
