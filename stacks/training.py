"""From data to a registered model: image, feature store, tracking, registry, and the pipeline over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.feature_store import FeatureStore, FeatureStoreArgs
from components.image import Image, ImageArgs
from components.job_logs import JobLogs, JobLogsArgs, job_log_statements
from components.lake import PACKAGES_PREFIX
from components.registry import Registry, RegistryArgs
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import Statement
from components.tracking import Tracking, TrackingArgs
from components.training_pipeline import PipelineRoleArgs, TrainingPipeline, TrainingPipelineArgs, pipeline_role
from stacks.definitions import pipeline_definition
from stacks.foundation import Foundation
from stacks.schemas import entities
from stacks.settings import Settings
from training.pipeline import PipelineSettings, step_prefix
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class TrainingRoles:
    """Who does what, so that nobody judges their own work.

    Attributes
    ----------
    features : ServiceRole
        Of prepare and check.
    training : ServiceRole
        Of train. It runs whatever estimator the workload names, so it can neither write nor change an evaluation, a
        package or a registration.
    evaluating : ServiceRole
        Of evaluate.
    registering : ServiceRole
        Of package and register.
    pipeline : ServiceRole
        Of the pipeline, which starts them.
    """

    features: ServiceRole
    training: ServiceRole
    evaluating: ServiceRole
    registering: ServiceRole
    pipeline: ServiceRole


@dataclass(frozen=True, kw_only=True)
class Training:
    """The parts that serving and the stack's outputs need."""

    image: Image
    features: FeatureStore
    tracking: Tracking
    registry: Registry
    pipeline: TrainingPipeline
    roles: TrainingRoles


def training(settings: Settings, workload: Workload, provider: aws.Provider, base: Foundation) -> Training:
    """Register everything that trains."""
    opts = pulumi.ResourceOptions(provider=provider)
    name = f"{settings.prefix}-{workload.name}"
    image = Image(
        "image",
        ImageArgs(
            place=base.place,
            bundles=base.lake.artifacts,
            key_arn=base.keys.model_arn,
            logs_key_arn=base.keys.logs_arn,
            log_retention_days=settings.log_retention_days,
            force_destroy=settings.force_destroy,
        ),
        opts,
    )
    features = FeatureStore(
        "features",
        FeatureStoreArgs(
            place=base.place,
            name_prefix=name,
            entities=entities(workload),
            offline=base.lake.curated,
            key_arn=base.keys.data_arn,
        ),
        opts,
    )
    tracking = Tracking(
        "tracking", TrackingArgs(place=base.place, server_name=name, artifacts=base.lake.artifacts), opts
    )
    registry = Registry(
        "registry", RegistryArgs(place=base.place, group_name=name, description=workload.description), opts
    )
    roles = _roles(
        workload, base, name, image=image, features=features, tracking=tracking, registry=registry, opts=opts
    )
    known: dict[str, Any] = {
        "image_uri": image.image_uri,
        "features_role_arn": roles.features.arn,
        "training_role_arn": roles.training.arn,
        "evaluating_role_arn": roles.evaluating.arn,
        "registering_role_arn": roles.registering.arn,
        "raw_bucket": base.lake.raw.name,
        "curated_bucket": base.lake.curated.name,
        "artifacts_bucket": base.lake.artifacts.name,
        "model_package_group_name": registry.group_name,
        "mlflow_tracking_server_arn": tracking.server_arn,
        "feature_groups": features.group_names,
        "data_key_arn": base.keys.data_arn,
    }
    logs: list[pulumi.Resource] = []
    if settings.owns_job_logs:
        job_logs = JobLogsArgs(key_arn=base.keys.logs_arn, retention_days=settings.log_retention_days)
        logs.append(JobLogs("job-logs", job_logs, opts))
    pipeline = TrainingPipeline(
        "training",
        TrainingPipelineArgs(
            pipeline_name=name,
            description=workload.description,
            role_arn=roles.pipeline.arn,
            outlived_by=logs,
            definition=pulumi.Output.all(**known).apply(
                lambda resolved: pipeline_definition(
                    workload,
                    PipelineSettings(
                        name=name,
                        region=settings.region,
                        code_digest=image.code_digest,
                        instance_type=settings.training_instance_type,
                        volume_size_gb=settings.training_volume_gb,
                        **resolved,
                    ),
                )
            ),
        ),
        opts,
    )
    return Training(
        image=image,
        features=features,
        tracking=tracking,
        registry=registry,
        pipeline=pipeline,
        roles=roles,
    )


def _roles(
    workload: Workload,
    base: Foundation,
    pipeline: str,
    *,
    image: Image,
    features: FeatureStore,
    tracking: Tracking,
    registry: Registry,
    opts: pulumi.ResourceOptions,
) -> TrainingRoles:
    curated, artifacts = base.lake.curated, base.lake.artifacts
    everything = curated.read_statements(f"{workload.name}/")
    packages = f"{PACKAGES_PREFIX}{pipeline}/"
    jobs = [*image.pull_statements(), *job_log_statements(base.place)]

    def reading(step: str) -> list[Statement]:
        return curated.read_statements(step_prefix(workload.name, step))

    def writing(step: str) -> list[Statement]:
        return curated.write_statements(step_prefix(workload.name, step))

    preparing = _job_role(
        "features-job",
        "Reads raw data, writes features",
        base,
        [
            *base.lake.raw.read_statements("raw/"),
            *reading("prepare"),
            *writing("prepare"),
            *writing("check"),
            *features.record_statements(),
            *jobs,
        ],
        opts,
    )
    training_role = _job_role(
        "training-job",
        "Trains; evaluates, packages, registers and approves nothing",
        base,
        [*reading("prepare"), *writing("train"), *tracking.log_statements(), *jobs],
        opts,
    )
    evaluating = _job_role(
        "evaluating-job",
        "Measures the model and the champion",
        base,
        [
            *everything,
            *writing("evaluate"),
            *artifacts.read_statements(packages),
            *registry.read_statements(),
            *tracking.log_statements(),
            *jobs,
        ],
        opts,
    )
    registering = _job_role(
        "registering-job",
        "Packages and registers what passed its gates; approves nothing",
        base,
        [
            *everything,
            *writing("package"),
            *writing("register"),
            *artifacts.read_statements(packages),
            *artifacts.write_statements(packages),
            *registry.register_statements(),
            *tracking.log_statements(),
            *jobs,
        ],
        opts,
    )
    steering = pipeline_role(
        "pipeline",
        PipelineRoleArgs(
            place=base.place,
            job_role_arns=[role.arn for role in (preparing, training_role, evaluating, registering)],
            volume_key_arn=base.keys.data_arn,
            statements=reading("evaluate"),
        ),
        opts,
    )
    return TrainingRoles(
        features=preparing,
        training=training_role,
        evaluating=evaluating,
        registering=registering,
        pipeline=steering,
    )


def _job_role(
    name: str, duty: str, base: Foundation, statements: list[Statement], opts: pulumi.ResourceOptions
) -> ServiceRole:
    arguments = ServiceRoleArgs(service="sagemaker.amazonaws.com", duty=duty, place=base.place, statements=statements)
    return ServiceRole(name, arguments, opts)
