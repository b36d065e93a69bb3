"""From a registered model to an endpoint that answers: endpoint, release, approver, alarms, and what clears up."""

from __future__ import annotations

from dataclasses import dataclass

from agreements.prefixes import PACKAGES
from agreements.variables import BOOTSTRAP, MODEL_DIGEST
from components.alarms import EndpointAlarms, EndpointAlarmsArgs
from components.approver import Approver, ApproverArgs
from components.endpoint import CAPTURE_PREFIX, Endpoint, EndpointArgs, ServingPolicy
from components.failures import FailureAlarms, FailureAlarmsArgs
from components.job_logs import endpoint_log_statements
from components.registry import Registry
from components.release import Release, ReleaseArgs
from components.service_role import ServiceRole, ServiceRoleArgs
from components.sweeper import PackageSweeper, PackageSweeperArgs, ReleaseSweeper, ReleaseSweeperArgs
from components.workload_files import WorkloadFiles
from stacks.site import Site
from stacks.training import Training


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The parts that the stack's outputs need."""

    serving_role: ServiceRole
    endpoint: Endpoint
    release: Release
    approver: Approver | None


def serving(site: Site, learning: Training) -> Serving:
    """Register everything that serves."""
    base, registry = site.platform, learning.registry
    policy = ServingPolicy(
        instance_type=site.choices.endpoint_instance_type,
        instance_count=site.choices.endpoint_instance_count,
        capture_percent=100,
    )
    serving_role = _serving_role(site, learning.files)
    endpoint = _endpoint(site, learning.files, serving_role, policy)
    PackageSweeper(
        site.part("package-sweeper"),
        PackageSweeperArgs(place=base.place, registry=registry, pipeline=learning.pipeline),
        site.opts,
    )
    EndpointAlarms(
        site.part("alarms"),
        EndpointAlarmsArgs(endpoint=endpoint, topic_arn=base.topic.arn),
        site.opts,
    )
    release = _release(site, registry, endpoint)
    approver = _approver(site, registry)
    watched = {"training": learning.pipeline.failures(), "releases": release.failures()}
    if approver is not None:
        watched["approvals"] = approver.failures()
    FailureAlarms(
        site.part("failures"),
        FailureAlarmsArgs(topic_arn=base.topic.arn, watched=watched),
        site.opts,
    )
    return Serving(serving_role=serving_role, endpoint=endpoint, release=release, approver=approver)


def _release(site: Site, registry: Registry, endpoint: Endpoint) -> Release:
    base = site.platform
    return Release(
        site.part("release"),
        ReleaseArgs(
            place=base.place,
            endpoint=endpoint,
            registry=registry,
            artifacts=base.lake.artifacts,
            topic=base.topic,
            tables_key_arn=base.keys.data_arn,
            logs_key_arn=base.keys.logs_arn,
            log_retention_days=site.settings.log_retention_days,
            serving_policy_parameter_name=(
                f"/headrace/{site.settings.environment}/{site.workload.name}/serving-policy"
            ),
            tags=site.tags,
            reconcile_every_minutes=site.choices.reconcile_minutes,
            protect_ledger=not site.settings.force_destroy,
        ),
        site.opts,
    )


def _approver(site: Site, registry: Registry) -> Approver | None:
    if site.choices.approval != "automatic":
        return None
    return Approver(
        site.part("approver"),
        ApproverArgs(
            place=site.platform.place,
            registry=registry,
            logs_key_arn=site.platform.keys.logs_arn,
            log_retention_days=site.settings.log_retention_days,
        ),
        site.opts,
    )


def _serving_role(site: Site, files: WorkloadFiles) -> ServiceRole:
    base, name = site.platform, site.name
    return ServiceRole(
        site.part("serving"),
        ServiceRoleArgs(
            service="sagemaker.amazonaws.com",
            duty="Starts endpoint containers, reads released models, captures requests",
            place=base.place,
            statements=[
                *base.lake.artifacts.read_statements(f"{PACKAGES}{name}/"),
                *files.bootstrap_statements(),
                *base.lake.curated.write_statements(f"{CAPTURE_PREFIX}{name}/"),
                *base.image.pull_statements(),
                *endpoint_log_statements(base.place, name),
            ],
        ),
        site.opts,
    )


def _endpoint(site: Site, files: WorkloadFiles, serving_role: ServiceRole, policy: ServingPolicy) -> Endpoint:
    base = site.platform
    sweeper = ReleaseSweeper(
        site.part("release-sweeper"),
        ReleaseSweeperArgs(place=base.place, endpoint_name=site.name, tags=site.tags),
        site.opts,
    )
    return Endpoint(
        site.part("endpoint"),
        EndpointArgs(
            place=base.place,
            tags=site.tags,
            endpoint_name=site.name,
            image_uri=base.image.image_uri,
            model_data_url=files.bootstrap_url,
            environment={MODEL_DIGEST: BOOTSTRAP},
            serving_role=serving_role,
            volume_key_arn=base.keys.model_arn,
            capture=base.lake.curated,
            serving_policy=policy,
            logs_key_arn=base.keys.logs_arn,
            log_retention_days=site.settings.log_retention_days,
            outlived_by=(sweeper, *files.objects),
        ),
        site.opts,
    )
