"""The endpoint: born with a model that answers the declared prior, then changed by releases alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.births.provider import BirthArgs
from components.bucket import Bucket
from components.checks import require
from components.endpoint.birth import EndpointBirth, EndpointEnd
from components.endpoint.policy import ServingPolicy
from components.metric import Metric
from components.names import release_name_prefix
from components.place import Place
from components.service_role import ServiceRole, pass_statement
from components.statements import Statement, allow, allow_volume_use

LONGEST_NAME = 46
"""Characters of an endpoint's name: "-bootstrap" and "--", versions and a hash follow it, and AWS allows 63."""
CAPTURE_PREFIX = "capture/"
EndpointMetric = Literal["Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "OverheadLatency"]
"""What SageMaker measures of every endpoint, in its own words; latencies are in microseconds."""


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """What an `Endpoint` is made from.

    Attributes
    ----------
    place : Place
        The account that the endpoint is in.
    endpoint_name : str
        At most 46 characters, because releases name models and configurations after it.
    image_uri, model_data_url : input of str
        The image that answers before any model is released, and the bootstrap model's archive.
    environment : mapping of str to str
        The bootstrap container's environment.
    serving_role : ServiceRole
        The role that the endpoint's containers are started with, those of released models too.
    volume_key_arn : input of str
        Customer key of the instances' volumes.
    capture : Bucket
        Where requests and answers are captured, under ``capture/`` and its customer key, which those have who may read
        data.
    serving_policy : ServingPolicy
        The production variant that it is born with, which releases keep, and the share of requests captured.
    logs_key_arn : input of str
        Customer key of the containers' log.
    log_retention_days : int
        Days that the containers' log is kept.
    tags : mapping of str to str
        What the provider puts on the endpoint, by which one that failed at birth is known again.
    outlived_by : sequence of pulumi.Resource
        What must be there before the endpoint is made, and still be there when it is destroyed.
    """

    place: Place
    endpoint_name: str
    image_uri: pulumi.Input[str]
    model_data_url: pulumi.Input[str]
    tags: Mapping[str, str]
    environment: Mapping[str, str]
    serving_role: ServiceRole
    volume_key_arn: pulumi.Input[str]
    capture: Bucket
    logs_key_arn: pulumi.Input[str]
    log_retention_days: int
    serving_policy: ServingPolicy
    outlived_by: Sequence[pulumi.Resource] = ()


class Endpoint(pulumi.ComponentResource):
    """A real-time endpoint with its bootstrap model and configuration.

    Pulumi owns the endpoint's birth and its death. In between the release machine changes what it serves, so every
    later difference of the model, of the configuration and of which configuration serves is left alone.

    Attributes
    ----------
    endpoint_name, endpoint_arn : pulumi.Output[str]
        Of the endpoint.
    capture_uri : pulumi.Output[str]
        Where requests and answers are captured.
    release_name_prefix : pulumi.Output[str]
        How the names of what releases make for it begin, and of nothing else.
    serving_policy : ServingPolicy
        What it is born with, and releases apply.
    serving_role_arn, volume_key_arn, capture_key_arn : input of str
        What releases keep, beside them.
    """

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register log, model, configuration and endpoint."""
        require(
            f"Endpoint {name!r}",
            [
                (
                    len(args.endpoint_name) <= LONGEST_NAME,
                    f"`endpoint_name` must have at most {LONGEST_NAME} characters, got {args.endpoint_name!r}. "
                    "Shorten the workload's or the environment's name.",
                ),
                *args.serving_policy.rules(),
            ],
        )
        super().__init__("headrace:serving:Endpoint", name, None, opts)
        self._args = args
        self.serving_policy: ServingPolicy = args.serving_policy
        self.serving_role_arn: pulumi.Output[str] = args.serving_role.arn
        self.volume_key_arn: pulumi.Input[str] = args.volume_key_arn
        self.capture_key_arn: pulumi.Input[str] = args.capture.key_arn
        self.capture_uri: pulumi.Output[str] = pulumi.Output.format(
            "s3://{}/{}{}", args.capture.name, CAPTURE_PREFIX, args.endpoint_name
        )
        child = pulumi.ResourceOptions(parent=self)
        # Made first: SageMaker would make it without key and retention.
        log = aws.cloudwatch.LogGroup(
            f"{name}-log",
            name=f"/aws/sagemaker/Endpoints/{args.endpoint_name}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key_arn,
            opts=child,
        )
        born = BirthArgs(place=args.place, name=args.endpoint_name, tags=args.tags)
        birth = EndpointBirth(f"{name}-birth", born, args.image_uri, args.model_data_url, child)
        model = aws.sagemaker.Model(
            f"{name}-bootstrap-model",
            name=f"{args.endpoint_name}-bootstrap",
            execution_role_arn=self.serving_role_arn,
            enable_network_isolation=True,
            primary_container={
                "image": birth.born_with,
                "model_data_url": birth.born_with_data,
                "environment": args.environment,
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.outlived_by),
                ignore_changes=["executionRoleArn", "primaryContainer.environment"],
                delete_before_replace=True,
            ),
        )
        configuration = self._configuration(name, args, model)
        end = EndpointEnd(f"{name}-end", born, pulumi.ResourceOptions(parent=self, depends_on=[configuration]))
        endpoint = aws.sagemaker.Endpoint(
            f"{name}-endpoint",
            name=args.endpoint_name,
            endpoint_config_name=configuration.name,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[log, end, *args.outlived_by],
                ignore_changes=["endpointConfigName", "deploymentConfig"],
            ),
        )
        self.endpoint_name: pulumi.Output[str] = endpoint.name
        self.endpoint_arn: pulumi.Output[str] = endpoint.arn
        self.release_name_prefix: pulumi.Output[str] = endpoint.name.apply(release_name_prefix)
        self.register_outputs({"endpoint_name": self.endpoint_name, "endpoint_arn": self.endpoint_arn})

    def invoke_statements(self) -> list[Statement]:
        """Permission to ask the endpoint."""
        return [allow(["sagemaker:InvokeEndpoint"], [self.endpoint_arn])]

    def release_statements(self) -> list[Statement]:
        """Permissions to release: to make models and configurations under this endpoint's names, and to change it."""
        place, prefix = self._args.place, self.release_name_prefix
        models = place.arn("sagemaker", pulumi.Output.concat("model/", prefix, "*"))
        configurations = place.arn("sagemaker", pulumi.Output.concat("endpoint-config/", prefix, "*"))
        return [
            allow(["sagemaker:CreateModel", "sagemaker:DescribeModel", "sagemaker:AddTags"], [models]),
            allow(
                ["sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig", "sagemaker:AddTags"],
                [configurations],
            ),
            allow(["sagemaker:DescribeEndpoint"], [self.endpoint_arn]),
            allow(["sagemaker:UpdateEndpoint"], [self.endpoint_arn, configurations]),
            pass_statement([self._args.serving_role]),
            *allow_volume_use(self.volume_key_arn),
        ]

    def metric(self, name: EndpointMetric) -> Metric:
        """Return a metric of the production variant, which every release keeps."""
        variant = self.serving_policy.variant_name
        return Metric(
            namespace="AWS/SageMaker",
            name=name,
            dimensions={"EndpointName": self.endpoint_name, "VariantName": variant},
        )

    def _configuration(
        self, name: str, args: EndpointArgs, model: aws.sagemaker.Model
    ) -> aws.sagemaker.EndpointConfiguration:
        # MetricsConfig, by which releases switch off metrics that cost extra, is no input of the provider's.
        return aws.sagemaker.EndpointConfiguration(
            f"{name}-bootstrap-configuration",
            name=f"{args.endpoint_name}-bootstrap",
            kms_key_arn=args.volume_key_arn,
            production_variants=[
                {
                    "variant_name": args.serving_policy.variant_name,
                    "model_name": model.name,
                    "instance_type": args.serving_policy.instance_type,
                    "initial_instance_count": args.serving_policy.instance_count,
                    "initial_variant_weight": 1,
                }
            ],
            data_capture_config={
                "enable_capture": True,
                "initial_sampling_percentage": args.serving_policy.capture_percent,
                "destination_s3_uri": self.capture_uri,
                "kms_key_id": self.capture_key_arn,
                "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
                "capture_content_type_header": {
                    "csv_content_types": ["text/csv"],
                    "json_content_types": ["application/json"],
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["productionVariants", "dataCaptureConfig", "kmsKeyArn"],
            ),
        )
