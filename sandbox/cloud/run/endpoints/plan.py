"""What an endpoint configuration asks for, worked out down to image, model data and environment of each variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud import clients, settings
from sandbox.cloud.actions import AwsError

# SageMaker gives 8 minutes where the configuration says nothing. A laptop that waited so long for a broken container
# would look stuck, and a healthy one needs seconds.
STARTUP_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class VariantPlan:
    """One production variant, with everything that its container needs.

    Attributes
    ----------
    model_uri : str or None
        None: the container brings its own model.
    model_is_archive : bool
        A tar.gz that SageMaker unpacks; otherwise a prefix whose objects are copied.
    isolated : bool
        The model's EnableNetworkIsolation: no AWS credentials.
    startup_seconds : float
        ContainerStartupHealthCheckTimeoutInSeconds.
    """

    variant: str
    model: str
    image: str
    model_uri: str | None
    model_is_archive: bool
    environment: dict[str, str] = field(repr=False)
    role_arn: str
    isolated: bool
    weight: float
    count: int
    startup_seconds: float


def endpoint_arn(name: str) -> str:
    """Return an endpoint's ARN."""
    return _arn("endpoint", name)


def _arn(kind: str, name: str) -> str:
    at = settings.current()
    return f"arn:aws:sagemaker:{at.region}:{at.account}:{kind}/{name}"


def configuration(name: str) -> dict[str, Any]:
    """Return an endpoint configuration as DescribeEndpointConfig shows it.

    Raises
    ------
    AwsError
        ValidationException, in SageMaker's words, if there is none.
    """
    try:
        found: dict[str, Any] = clients.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)
    except ClientError as error:
        arn = _arn("endpoint-config", name)
        raise AwsError("ValidationException", f'Could not find endpoint configuration "{arn}".') from error
    return found


def plans(config: dict[str, Any]) -> list[VariantPlan]:
    """Return the plans of a configuration's production variants.

    Raises
    ------
    AwsError
        ValidationException for a model that does not exist or that this cloud cannot run.
    """
    return [_plan(variant) for variant in config["ProductionVariants"]]


def _plan(variant: dict[str, Any]) -> VariantPlan:
    name = variant["VariantName"]
    if "ServerlessConfig" in variant:
        raise _cannot(name, "a serverless variant", "give it InstanceType and InitialInstanceCount")
    sagemaker = clients.client("sagemaker")
    try:
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
    except ClientError as error:
        raise AwsError(
            "ValidationException", f'Could not find model "{_arn("model", variant["ModelName"])}".'
        ) from error
    chain = model.get("Containers") or []
    if len(chain) > 1:
        raise _cannot(name, f"a pipeline of {len(chain)} containers", "put the steps into one container")
    container = model.get("PrimaryContainer") or (chain[0] if chain else {})
    if container.get("ModelPackageName"):
        package = sagemaker.describe_model_package(ModelPackageName=container["ModelPackageName"])
        packed = package["InferenceSpecification"]["Containers"][0]
        environment = {**packed.get("Environment", {}), **container.get("Environment", {})}
        container = {**packed, "Environment": environment}
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return VariantPlan(
        variant=name,
        model=variant["ModelName"],
        image=container["Image"],
        model_uri=container.get("ModelDataUrl") or source.get("S3Uri"),
        model_is_archive=source.get("CompressionType", "Gzip") == "Gzip",
        environment=container.get("Environment") or {},
        role_arn=model["ExecutionRoleArn"],
        isolated=bool(model.get("EnableNetworkIsolation")),
        weight=float(variant.get("InitialVariantWeight", 1.0)),
        count=int(variant.get("InitialInstanceCount", 1)),
        startup_seconds=float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds") or STARTUP_SECONDS),
    )


def _cannot(variant: str, what: str, remedy: str) -> AwsError:
    return AwsError("ValidationException", f"Variant {variant}: the local cloud does not run {what}; {remedy}.")
