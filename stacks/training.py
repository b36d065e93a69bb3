"""From data to a registered model: image, feature store, tracking, registry, and the pipeline over them."""

from __future__ import annotations

from collections.abc import Sequence
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
from components.statements import Statement, allow_volume_grants
from components.tracking import Tracking, TrackingArgs
from components.training_pipeline import PipelineRoleArgs, TrainingPipeline, TrainingPipelineArgs, pipeline_role
from stacks.definitions import pipeline_definition
from stacks.foundation import Foundation
from stacks.providers import tags
from stacks.schemas import entities
from stacks.settings import Settings
from training.pipeline import PipelineSettings, job_prefix, step_prefix
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class TrainingRoles:
    """Who does what, so that nobody judges their own work.

    Attributes
    ----------
    features : ServiceRole
        Of prepare and check.
    training : ServiceRole
        Of train. It runs whatever estimator the workload names, so it sees no hold-out, and can neither write nor
        change an evaluation, a package or a registration.
    scoring : ServiceRole
        Of score and champion, whose containers load models: they get no credentials, and this role sees no labels.
    evaluating : ServiceRole
        Of approved and evaluate. They load no model.
    registering : ServiceRole
        Of package and register. They load no model.
    pipeline : ServiceRole
        Of the pipeline, which starts them.
    """

    features: ServiceRole
    training: ServiceRole
    scoring: ServiceRole
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
            key_arn=base.keys.data_arn,
            tags=tags(settings, workload.name),
        ),
        opts,
    )
    tracking = Tracking(
        "tracking",
        TrackingArgs(
            place=base.place,
            server_name=name,
            artifacts=base.lake.artifacts,
            tags=tags(settings, workload.name),
        ),
        opts,
    )
    registry = Registry("registry", RegistryArgs(place=base.place, group_name=name), opts)
    roles = _roles(
        workload, base, name, image=image, features=features, tracking=tracking, registry=registry, opts=opts
    )
    known: dict[str, Any] = {
        "image_uri": image.image_uri,
        "features_role_arn": roles.features.arn,
        "training_role_arn": roles.training.arn,
        "scoring_role_arn": roles.scoring.arn,
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
    features.sweep(registry.group_name, pipeline.pipeline_name)
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
    packages = f"{PACKAGES_PREFIX}{pipeline}/"

    def reading(step: str, output: str = "") -> list[Statement]:
        return curated.read_statements(step_prefix(workload.name, step, output))

    def role(
        name: str, duty: str, steps: Sequence[str], statements: Sequence[Statement], kind: str = "processing"
    ) -> ServiceRole:
        """Make the role of some steps: what they write, their image and their logs come by themselves."""
        own = [part for step in steps for part in curated.write_statements(step_prefix(workload.name, step))]
        logs = job_log_statements(base.place, kind, [f"{job_prefix(pipeline, step)}-" for step in steps])
        # SageMaker's page of execution roles asks for it where the instances' volumes have a key.
        volume = allow_volume_grants(base.keys.data_arn)
        arguments = ServiceRoleArgs(
            service="sagemaker.amazonaws.com",
            duty=duty,
            place=base.place,
            statements=[*statements, *own, *image.pull_statements(), *logs, volume],
        )
        return ServiceRole(name, arguments, opts)

    preparing = role(
        "features-job",
        "Reads raw data, writes features",
        ("prepare", "check"),
        [*base.lake.raw.read_statements("raw/"), *reading("prepare"), *features.record_statements()],
    )
    training_role = role(
        "training-job",
        "Trains; scores, evaluates, packages, registers and approves nothing",
        ("train",),
        [*reading("prepare", "training"), *tracking.log_statements()],
        kind="training",
    )
    scoring = role(
        "scoring-job",
        "Asks models about the hold-out, without its labels",
        ("score", "champion"),
        [*reading("prepare", "holdout"), *reading("train"), *reading("approved")],
    )
    evaluating = role(
        "evaluating-job",
        "Measures the model and the champion by their scores",
        ("approved", "evaluate"),
        [
            *reading("prepare", "labels"),
            *reading("train"),
            *reading("score"),
            *reading("approved"),
            *reading("champion"),
            *artifacts.read_statements(packages),
            *registry.read_statements(),
            *tracking.log_statements(),
        ],
    )
    registering = role(
        "registering-job",
        "Packages and registers what passed its gates; approves nothing",
        ("package", "register"),
        [
            *reading("prepare", "training"),
            *reading("train"),
            *reading("evaluate"),
            *reading("package"),
            *artifacts.read_statements(packages),
            *artifacts.write_statements(packages),
            *registry.register_statements(),
            *tracking.log_statements(),
        ],
    )
    steering = pipeline_role(
        "pipeline",
        PipelineRoleArgs(
            place=base.place,
            job_prefix=job_prefix(pipeline),
            job_role_arns=[one.arn for one in (preparing, training_role, scoring, evaluating, registering)],
            volume_key_arn=base.keys.data_arn,
            statements=[*reading("evaluate"), *tracking.log_statements()],
        ),
        opts,
    )
    return TrainingRoles(
        features=preparing,
        training=training_role,
        scoring=scoring,
        evaluating=evaluating,
        registering=registering,
        pipeline=steering,
    )
