"""The training pipeline: SageMaker runs the definition that the workload's code wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.metric import Failure, Metric
from components.place import Place
from components.service_role import ServiceRole, ServiceRoleArgs, pass_statement
from components.statements import Statement, allow, allow_volume_use

_JOBS = ("processing-job", "training-job")


@dataclass(frozen=True, kw_only=True)
class PipelineRoleArgs:
    """What a `pipeline_role` is made from.

    Attributes
    ----------
    place : Place
        The account that jobs run in.
    job_prefix : str
        How the names of the pipeline's jobs begin, and of no other's.
    job_roles : sequence of ServiceRole
        The roles that jobs may run as, and no others.
    volume_key_arn : input of str
        Customer key of the jobs' volumes.
    statements : sequence of Statement
        What the pipeline itself reads, such as the metrics that its conditions look at.
    """

    place: Place
    job_prefix: str
    job_roles: Sequence[ServiceRole]
    volume_key_arn: pulumi.Input[str]
    statements: Sequence[Statement]


def pipeline_role(name: str, args: PipelineRoleArgs, opts: pulumi.ResourceOptions | None = None) -> ServiceRole:
    """Register the role that starts and stops its own pipeline's jobs; it reads no data and touches no registry."""
    jobs = [args.place.arn("sagemaker", f"{kind}/{args.job_prefix}*") for kind in _JOBS]
    return ServiceRole(
        name,
        ServiceRoleArgs(
            service="sagemaker.amazonaws.com",
            duty="Starts and stops the training pipeline's jobs",
            place=args.place,
            statements=[
                allow(
                    [
                        f"sagemaker:{verb}{noun}"
                        for verb in ("Create", "Describe", "Stop")
                        for noun in ("ProcessingJob", "TrainingJob")
                    ]
                    + ["sagemaker:AddTags"],
                    jobs,
                ),
                pass_statement(args.job_roles),
                *allow_volume_use(args.volume_key_arn),
                *args.statements,
            ],
        ),
        opts,
    )


@dataclass(frozen=True, kw_only=True)
class TrainingPipelineArgs:
    """What a `TrainingPipeline` is made from.

    Attributes
    ----------
    pipeline_name : str
        The pipeline's name, because people and schedules start it by name.
    description : str
        What it trains.
    role_arn : input of str
        The role that starts its jobs.
    definition : input of str
        The pipeline's definition, as JSON.
    outlived_by : sequence of pulumi.Resource
        What must be there as long as the pipeline is, such as its jobs' log groups.
    """

    pipeline_name: str
    description: str
    role_arn: pulumi.Input[str]
    definition: pulumi.Input[str]
    outlived_by: Sequence[pulumi.Resource] = ()


class TrainingPipeline(pulumi.ComponentResource):
    """A SageMaker pipeline.

    Attributes
    ----------
    pipeline_name, pipeline_arn : pulumi.Output[str]
        Of the pipeline.
    """

    def __init__(self, name: str, args: TrainingPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the pipeline."""
        super().__init__("headrace:training:TrainingPipeline", name, None, opts)
        pipeline = aws.sagemaker.Pipeline(
            f"{name}-pipeline",
            pipeline_name=args.pipeline_name,
            pipeline_display_name=args.pipeline_name,
            pipeline_description=args.description,
            role_arn=args.role_arn,
            pipeline_definition=args.definition,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.outlived_by)),
        )
        self.pipeline_name: pulumi.Output[str] = pipeline.pipeline_name
        self.pipeline_arn: pulumi.Output[str] = pipeline.arn
        self.register_outputs({"pipeline_name": self.pipeline_name, "pipeline_arn": self.pipeline_arn})

    def failures(self) -> list[Failure]:
        """What a run that fails counts as."""
        metric = Metric(
            namespace="AWS/Sagemaker/ModelBuildingPipeline",
            name="ExecutionFailed",
            dimensions={"PipelineName": self.pipeline_name},
        )
        return [Failure(role="pipeline", description="A pipeline run failed", metric=metric)]
