"""Who does what in a workload's training, so that nobody judges their own work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agreements import prefixes
from agreements.prefixes import PACKAGES
from components.features import FeatureStore
from components.job_logs import job_log_statements
from components.registry import Registry
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import Statement, allow_volume_grants
from components.training_pipeline import PipelineRoleArgs, pipeline_role
from components.workload_files import WorkloadFiles
from stacks.site import Site
from training.pipeline_settings import job_prefix, step_prefix


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


def training_roles(site: Site, files: WorkloadFiles, features: FeatureStore, registry: Registry) -> TrainingRoles:
    """Register the roles of a workload's jobs and of its pipeline."""
    base, workload, pipeline = site.platform, site.workload, site.name
    curated, artifacts, tracking = base.lake.curated, base.lake.artifacts, base.tracking
    packages = f"{PACKAGES}{pipeline}/"

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
            statements=[*statements, *own, *files.read_statements(), *base.image.pull_statements(), *logs, volume],
        )
        return ServiceRole(site.part(name), arguments, site.opts)

    preparing = role(
        "features-job",
        "Reads the raw sources that the workload names, writes features",
        ("prepare", "check"),
        [
            *base.lake.raw.read_statements(*(prefixes.source(name) for name in workload.sources)),
            *reading("prepare"),
            *features.record_statements(),
        ],
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
        site.part("pipeline"),
        PipelineRoleArgs(
            place=base.place,
            job_prefix=job_prefix(pipeline),
            job_roles=(preparing, training_role, scoring, evaluating, registering),
            volume_key_arn=base.keys.data_arn,
            statements=[*reading("evaluate"), *tracking.log_statements()],
        ),
        site.opts,
    )
    return TrainingRoles(
        features=preparing,
        training=training_role,
        scoring=scoring,
        evaluating=evaluating,
        registering=registering,
        pipeline=steering,
    )
