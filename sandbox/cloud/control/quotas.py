"""Service Quotas: what the account of this machine may run at once, and what a test or a person says it may.

``quotas.json`` in the local cloud's folder of state holds quotas by name, as ``{"ml.m5.large for endpoint usage": 0}``;
it is read at each call. They are told and not enforced.
"""

from __future__ import annotations

import functools
import json
import zlib
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.moto.protocols import model_of

FILE = "quotas.json"
_PAGE = 100
_INSTANCES = 20.0  # of each type; this machine is every type
_BUILDS = 5.0
# The members of SageMaker's API whose values are the instance types, and the word in the quotas' names.
_INSTANCE_TYPES = (
    ("ProductionVariantInstanceType", "{} for endpoint usage"),
    ("ProcessingInstanceType", "{} for processing job usage"),
    ("TrainingInstanceType", "{} for training job usage"),
    ("TransformInstanceType", "{} for transform job usage"),
)
_BUILD_SIZES = ("Small", "Medium", "Large", "XLarge", "2XLarge")


@functools.cache
def _defaults(service: str) -> dict[str, float]:
    if service == "codebuild":
        names = [f"Concurrently running builds for {kind}/{size}" for kind in ("Linux", "ARM") for size in _BUILD_SIZES]
        return {f"{name} environment": _BUILDS for name in names}
    if service == "sagemaker":
        model = model_of("sagemaker")
        return {
            name.format(kind): _INSTANCES for shape, name in _INSTANCE_TYPES for kind in model.shape_for(shape).enum
        }
    raise AwsError("NoSuchResourceException", f"The local cloud knows no quotas of {service}.")


def value_of(service: str, name: str) -> float:
    """Return how much of a quota the account has."""
    return _applied(service)[name]


def _applied(service: str) -> dict[str, float]:
    path = settings.current().folder / FILE
    said: dict[str, float] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    known = _defaults(service)
    return known | {name: float(value) for name, value in said.items() if name in known}


def _quota(call: Call, name: str, value: float) -> dict[str, Any]:
    service = call.params["ServiceCode"]
    code = f"L-{zlib.crc32(f'{service}/{name}'.encode()):08X}"
    return {
        "ServiceCode": service,
        "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account}:{service}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


@handles("service-quotas", "ListServiceQuotas")
def _list(call: Call) -> Params:
    return _page(call, _applied(call.params["ServiceCode"]))


@handles("service-quotas", "ListAWSDefaultServiceQuotas")
def _list_defaults(call: Call) -> Params:
    return _page(call, _defaults(call.params["ServiceCode"]))


def _page(call: Call, values: dict[str, float]) -> Params:
    quotas = [_quota(call, name, values[name]) for name in sorted(values)]
    start = int(call.params.get("NextToken") or 0)
    end = start + int(call.params.get("MaxResults") or _PAGE)
    return {"Quotas": quotas[start:end], **({"NextToken": str(end)} if end < len(quotas) else {})}


@handles("service-quotas", "GetServiceQuota")
def _get(call: Call) -> Params:
    return _one(call, _applied(call.params["ServiceCode"]))


@handles("service-quotas", "GetAWSDefaultServiceQuota")
def _get_default(call: Call) -> Params:
    return _one(call, _defaults(call.params["ServiceCode"]))


def _one(call: Call, values: dict[str, float]) -> Params:
    for name, value in values.items():
        found = _quota(call, name, value)
        if found["QuotaCode"] == call.params["QuotaCode"]:
            return {"Quota": found}
    raise AwsError("NoSuchResourceException", f"The quota {call.params['QuotaCode']} does not exist.")
