"""From data to a registered model: a workload's feature store, registry, roles, and the pipeline over them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.features import FeatureStore, FeatureStoreArgs
from components.registry import Registry, RegistryArgs
from components.training_pipeline import TrainingPipeline, TrainingPipelineArgs
from components.workload_files import WorkloadFiles
from stacks.artifact import workload_files
from stacks.definitions import awaited, pipeline_definition
from stacks.roles import TrainingRoles, training_roles
from stacks.schemas import entities
from stacks.site import Site
from training.pipeline_settings import PipelineSettings


@dataclass(frozen=True, kw_only=True)
class Training:
    """The parts that serving and the stack's outputs need."""

    files: WorkloadFiles
    features: FeatureStore
    registry: Registry
    pipeline: TrainingPipeline
    roles: TrainingRoles


def training(site: Site) -> Training:
    """Register everything that trains."""
    files = workload_files(site)
    features = FeatureStore(
        site.part("features"),
        FeatureStoreArgs(
            place=site.platform.place,
            name_prefix=site.name,
            entities=entities(site.workload),
            key_arn=site.platform.keys.data_arn,
            tags=site.tags,
        ),
        site.opts,
    )
    registry = Registry(site.part("registry"), RegistryArgs(place=site.platform.place, group_name=site.name), site.opts)
    roles = training_roles(site, files, features, registry)
    pipeline = TrainingPipeline(
        site.part("training"),
        TrainingPipelineArgs(
            pipeline_name=site.name,
            description=site.workload.description,
            role_arn=roles.pipeline.arn,
            outlived_by=[*site.platform.job_logs, *files.objects],
            definition=_definition(site, files, features, registry, roles),
        ),
        site.opts,
    )
    features.sweep(registry, pipeline)
    return Training(files=files, features=features, registry=registry, pipeline=pipeline, roles=roles)


def _definition(
    site: Site, files: WorkloadFiles, features: FeatureStore, registry: Registry, roles: TrainingRoles
) -> pulumi.Output[str]:
    base = site.platform
    settings = PipelineSettings(
        name=site.name,
        region=site.settings.region,
        image_uri=base.image.image_uri,
        code_digest=base.image.code_digest,
        workload_uri=files.uri,
        workload_digest=files.digest,
        features_role_arn=roles.features.arn,
        training_role_arn=roles.training.arn,
        scoring_role_arn=roles.scoring.arn,
        evaluating_role_arn=roles.evaluating.arn,
        registering_role_arn=roles.registering.arn,
        raw_bucket=base.lake.raw.name,
        curated_bucket=base.lake.curated.name,
        artifacts_bucket=base.lake.artifacts.name,
        model_package_group_name=registry.group_name,
        mlflow_tracking_server_arn=base.tracking.server_arn,
        feature_groups=features.group_names,
        data_key_arn=base.keys.data_arn,
        instance_type=site.choices.training_instance_type,
        volume_size_gb=site.choices.training_volume_gb,
    )
    return awaited(settings).apply(lambda known: pipeline_definition(site.workload, known))
