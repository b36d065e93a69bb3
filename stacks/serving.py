"""From a registered model to an endpoint that answers: endpoint, release, approver, alarms, and what clears up."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarms import EndpointAlarms, EndpointAlarmsArgs
from components.approver import Approver, ApproverArgs
from components.endpoint import CAPTURE_PREFIX, Endpoint, EndpointArgs
from components.failures import FailureAlarms, FailureAlarmsArgs
from components.job_logs import endpoint_log_statements
from components.lake import PACKAGES_PREFIX
from components.release import RELEASE_TAGS, Release, ReleaseArgs, ServingPolicy
from components.release_names import release_name_prefix
from components.service_role import ServiceRole, ServiceRoleArgs
from components.subscribers import Subscribers, SubscribersArgs
from components.sweeper import PackageSweeper, PackageSweeperArgs, ReleaseSweeper, ReleaseSweeperArgs
from stacks.foundation import Foundation
from stacks.providers import tags
from stacks.settings import Settings
from stacks.training import Training
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The parts that the stack's outputs need."""

    serving_role: ServiceRole
    endpoint: Endpoint
    release: Release
    approver: Approver | None
    alarms: EndpointAlarms
    subscribers: Subscribers


def serving(
    settings: Settings, workload: Workload, provider: aws.Provider, base: Foundation, learning: Training
) -> Serving:
    """Register everything that serves."""
    opts = pulumi.ResourceOptions(provider=provider)
    name = f"{settings.prefix}-{workload.name}"
    policy = ServingPolicy(
        instance_type=settings.endpoint_instance_type,
        instance_count=settings.endpoint_instance_count,
        capture_percent=100,
    )
    serving_role = _serving_role(name, base, learning, opts)
    endpoint = _endpoint(settings, workload, base, learning, serving_role=serving_role, policy=policy, opts=opts)
    PackageSweeper(
        "package-sweeper",
        PackageSweeperArgs(
            place=base.place,
            model_package_group_name=learning.registry.group_name,
            pipeline_name=learning.pipeline.pipeline_name,
        ),
    )
    alarms = EndpointAlarms(
        "alarms",
        EndpointAlarmsArgs(
            place=base.place,
            endpoint_name=endpoint.endpoint_name,
            variant_name=policy.variant_name,
            topic_key_arn=base.keys.logs_arn,
        ),
        opts,
    )
    release = Release(
        "release",
        ReleaseArgs(
            place=base.place,
            endpoint_name=endpoint.endpoint_name,
            endpoint_arn=endpoint.endpoint_arn,
            model_package_group_name=learning.registry.group_name,
            model_package_group_arn=learning.registry.group_arn,
            serving_role_arn=serving_role.arn,
            artifacts_bucket_name=base.lake.artifacts.name,
            artifacts_bucket_arn=base.lake.artifacts.arn,
            artifacts_key_arn=base.keys.model_arn,
            endpoint_key_arn=base.keys.model_arn,
            tables_key_arn=base.keys.data_arn,
            logs_key_arn=base.keys.logs_arn,
            log_retention_days=settings.log_retention_days,
            serving_policy=policy,
            serving_policy_parameter_name=f"/headrace/{settings.environment}/{workload.name}/serving-policy",
            tags=tags(settings, workload.name),
            capture_uri=pulumi.Output.format("s3://{}/{}{}", base.lake.curated.name, CAPTURE_PREFIX, name),
            capture_key_arn=base.keys.data_arn,
            topic_arn=alarms.topic_arn,
            topic_key_arn=base.keys.logs_arn,
            reconcile_every_minutes=settings.reconcile_minutes,
            protect_ledger=not settings.force_destroy,
        ),
        opts,
    )
    approver = None
    if settings.approval == "automatic":
        approver = Approver(
            "approver",
            ApproverArgs(
                place=base.place,
                model_package_group_name=learning.registry.group_name,
                model_package_group_arn=learning.registry.group_arn,
                logs_key_arn=base.keys.logs_arn,
                log_retention_days=settings.log_retention_days,
            ),
            opts,
        )
    machines = {"releases": release.state_machine_arn}
    if approver is not None:
        machines["approvals"] = approver.state_machine_arn
    FailureAlarms(
        "failures",
        FailureAlarmsArgs(
            topic_arn=alarms.topic_arn,
            builds={"image": learning.image.project_name},
            pipelines={"training": learning.pipeline.pipeline_name},
            machines=machines,
        ),
        opts,
    )
    subscribers = Subscribers(
        "subscribers", SubscribersArgs(topic_arn=alarms.topic_arn, endpoints=settings.notify), opts
    )
    return Serving(
        serving_role=serving_role,
        endpoint=endpoint,
        release=release,
        approver=approver,
        alarms=alarms,
        subscribers=subscribers,
    )


def _serving_role(name: str, base: Foundation, learning: Training, opts: pulumi.ResourceOptions) -> ServiceRole:
    return ServiceRole(
        "serving",
        ServiceRoleArgs(
            service="sagemaker.amazonaws.com",
            duty="Starts endpoint containers, reads released models, captures requests",
            place=base.place,
            statements=[
                *base.lake.artifacts.read_statements(f"{PACKAGES_PREFIX}{name}/"),
                *base.lake.curated.write_statements(f"{CAPTURE_PREFIX}{name}/"),
                *learning.image.pull_statements(),
                *endpoint_log_statements(base.place, name),
            ],
        ),
        opts,
    )


def _endpoint(
    settings: Settings,
    workload: Workload,
    base: Foundation,
    learning: Training,
    *,
    serving_role: ServiceRole,
    policy: ServingPolicy,
    opts: pulumi.ResourceOptions,
) -> Endpoint:
    name = f"{settings.prefix}-{workload.name}"
    sweeper = ReleaseSweeper(
        "release-sweeper",
        ReleaseSweeperArgs(
            place=base.place,
            name_prefix=release_name_prefix(name),
            tags={**tags(settings, workload.name), **RELEASE_TAGS},
        ),
    )
    return Endpoint(
        "endpoint",
        EndpointArgs(
            place=base.place,
            tags=tags(settings, workload.name),
            endpoint_name=name,
            image_uri=learning.image.image_uri,
            environment={"HEADRACE_WORKLOAD": workload.name, "HEADRACE_MODEL_DIGEST": "bootstrap"},
            serving_role_arn=serving_role.arn,
            volume_key_arn=base.keys.model_arn,
            capture=base.lake.curated,
            capture_key_arn=base.keys.data_arn,
            capture_percentage=policy.capture_percent,
            variant_name=policy.variant_name,
            instance_type=policy.instance_type,
            instance_count=policy.instance_count,
            logs_key_arn=base.keys.logs_arn,
            log_retention_days=settings.log_retention_days,
            outlived_by=(sweeper,),
        ),
        opts,
    )
