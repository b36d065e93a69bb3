"""Where SageMaker's jobs and endpoints write about themselves, and what permits them to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.place import Place
from components.statements import Statement, allow

_METRICS = allow(
    ["cloudwatch:PutMetricData"],
    ["*"],
    condition={"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}},
)
_KINDS = {"processing": "ProcessingJobs", "training": "TrainingJobs"}


@dataclass(frozen=True, kw_only=True)
class JobLogsArgs:
    """What `JobLogs` are made from.

    Attributes
    ----------
    key_arn : input of str
        Customer key of the log groups.
    retention_days : int
        Days that logs are kept.
    """

    key_arn: pulumi.Input[str]
    retention_days: int


class JobLogs(pulumi.ComponentResource):
    """The log groups of all processing and training jobs of an account in a region.

    Their names are SageMaker's, so only one stack can have them. Without them the first job makes them, under no
    customer key and for ever.
    """

    def __init__(self, name: str, args: JobLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the log groups."""
        super().__init__("headrace:training:JobLogs", name, None, opts)
        for kind, group in _KINDS.items():
            aws.cloudwatch.LogGroup(
                f"{name}-{kind}",
                name=f"/aws/sagemaker/{group}",
                retention_in_days=args.retention_days,
                kms_key_id=args.key_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def job_log_statements(place: Place, kind: str, names: Sequence[str]) -> list[Statement]:
    """Permissions to write the logs and metrics of some jobs.

    Parameters
    ----------
    place : Place
        Where the jobs run.
    kind : str
        ``processing`` or ``training``: all jobs of a kind share one log group.
    names : sequence of str
        How the jobs' names begin: a job's log stream begins with its name.
    """
    group = place.arn("logs", f"log-group:/aws/sagemaker/{_KINDS[kind]}")
    streams = [pulumi.Output.concat(group, f":log-stream:{name}*") for name in names]
    return [
        allow(["logs:CreateLogGroup", "logs:DescribeLogStreams"], [group, pulumi.Output.concat(group, ":*")]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], streams),
        _METRICS,
    ]


def endpoint_log_statements(place: Place, endpoint_name: str) -> list[Statement]:
    """Permissions to write the log and the metrics of an endpoint, whose log group is there before it."""
    groups = place.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{endpoint_name}")
    return [
        allow(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [groups, pulumi.Output.concat(groups, ":*")],
        ),
        _METRICS,
    ]
