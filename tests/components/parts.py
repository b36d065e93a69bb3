"""Parts that several components are made from, registered against mocks."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.bucket import Bucket, BucketArgs
from components.endpoint import Endpoint, EndpointArgs, ServingPolicy
from components.keys import Keys, KeysArgs
from components.lake import DataLake, DataLakeArgs
from components.place import Place
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import allow
from tests.components.recording import REGION


def options() -> tuple[Place, pulumi.ResourceOptions]:
    """A place, and options that name the provider."""
    provider = aws.Provider("aws", region=REGION)
    return Place.look_up(REGION, provider), pulumi.ResourceOptions(provider=provider)


def keys(place: Place, opts: pulumi.ResourceOptions) -> Keys:
    """Keys called ``keys``."""
    return Keys("keys", KeysArgs(place=place, alias_prefix="headrace-test"), opts)


def lake(place: Place, opts: pulumi.ResourceOptions, known: Keys) -> DataLake:
    """A lake called ``lake``."""
    return DataLake("lake", DataLakeArgs(place=place, data_key_arn=known.data_arn, model_key_arn=known.model_arn), opts)


def role(place: Place, opts: pulumi.ResourceOptions | None, name: str = "serving") -> ServiceRole:
    """A role that SageMaker assumes and that may list everything."""
    args = ServiceRoleArgs(
        service="sagemaker.amazonaws.com", duty="None", place=place, statements=[allow(["s3:ListAllMyBuckets"], ["*"])]
    )
    return ServiceRole(name, args, opts)


def endpoint(place: Place, opts: pulumi.ResourceOptions | None, **given: Any) -> Endpoint:
    """An endpoint called ``endpoint``; what it is made from and nobody gives is called ``serving`` and ``captures``."""
    if "serving_role" not in given:
        given["serving_role"] = role(place, opts)
    if "capture" not in given:
        given["capture"] = Bucket("captures", BucketArgs(place=place, key_arn="data"), opts)
    args: dict[str, Any] = {
        "place": place,
        "tags": {"headrace:stack": "test"},
        "endpoint_name": "headrace-test-flights",
        "image_uri": "repository@sha256:1",
        "model_data_url": "s3://artifacts/bootstraps/flights/1/model.tar.gz",
        "environment": {"HEADRACE_MODEL_DIGEST": "bootstrap"},
        "volume_key_arn": "volumes",
        "logs_key_arn": "logs",
        "log_retention_days": 90,
        "serving_policy": ServingPolicy(),
        **given,
    }
    return Endpoint("endpoint", EndpointArgs(**args), opts)
