"""From data to a registered model: image, feature store, tracking, registry, and the pipeline over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.feature_store import FeatureStore, FeatureStoreArgs
from components.image import Image, ImageArgs
from components.job_logs import job_log_statements
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
from training.pipeline import PipelineSettings
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class Training:
    """The parts that serving and the stack's outputs need."""

    image: Image
    features: FeatureStore
    tracking: Tracking
    registry: Registry
    pipeline: TrainingPipeline
    features_role: ServiceRole
    training_role: ServiceRole
    pipeline_role: ServiceRole


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
    curated = [
        *base.lake.curated.read_statements(f"{workload.name}/"),
        *base.lake.curated.write_statements(f"{workload.name}/"),
    ]
    jobs = [*image.pull_statements(), *job_log_statements(base.place)]
    features_role = _job_role(
        "features-job",
        "Reads raw data, writes features",
        base,
        [*base.lake.raw.read_statements("raw/"), *curated, *features.record_statements(), *jobs],
        opts,
    )
    training_role = _job_role(
        "training-job",
        "Trains, evaluates, packages and registers; approves nothing",
        base,
        [
            *curated,
            *base.lake.artifacts.read_statements(PACKAGES_PREFIX),
            *base.lake.artifacts.write_statements(PACKAGES_PREFIX),
            *tracking.log_statements(),
            *registry.register_statements(),
            *jobs,
        ],
        opts,
    )
    steering = pipeline_role(
        "pipeline",
        PipelineRoleArgs(
            place=base.place,
            job_role_arns=[features_role.arn, training_role.arn],
            volume_key_arn=base.keys.data_arn,
            statements=base.lake.curated.read_statements(f"{workload.name}/"),
        ),
        opts,
    )
    known: dict[str, Any] = {
        "account_id": base.place.account_id,
        "image_uri": image.image_uri,
        "pipeline_role_arn": steering.arn,
        "features_role_arn": features_role.arn,
        "training_role_arn": training_role.arn,
        "raw_bucket": base.lake.raw.name,
        "curated_bucket": base.lake.curated.name,
        "artifacts_bucket": base.lake.artifacts.name,
        "model_package_group_name": registry.group_name,
        "mlflow_tracking_server_arn": tracking.server_arn,
        "feature_groups": features.group_names,
        "data_key_arn": base.keys.data_arn,
    }
    pipeline = TrainingPipeline(
        "training",
        TrainingPipelineArgs(
            pipeline_name=name,
            description=workload.description,
            role_arn=steering.arn,
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
        features_role=features_role,
        training_role=training_role,
        pipeline_role=steering,
    )


def _job_role(
    name: str, duty: str, base: Foundation, statements: list[Statement], opts: pulumi.ResourceOptions
) -> ServiceRole:
    arguments = ServiceRoleArgs(service="sagemaker.amazonaws.com", duty=duty, place=base.place, statements=statements)
    return ServiceRole(name, arguments, opts)
