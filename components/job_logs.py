"""Where SageMaker's jobs and endpoints write about themselves, and what permits them to."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.place import Place
from components.statements import Statement, allow

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


def job_log_statements(place: Place) -> list[Statement]:
    """Permissions to write the logs and metrics of jobs in the account and region of `place`."""
    return _log_statements(place, "*", "logs:CreateLogGroup")


def endpoint_log_statements(place: Place, endpoint_name: str) -> list[Statement]:
    """Permissions to write the log and the metrics of an endpoint, whose log group is there before it."""
    return _log_statements(place, f"Endpoints/{endpoint_name}")


def _log_statements(place: Place, which: str, *more: str) -> list[Statement]:
    groups = place.arn("logs", f"log-group:/aws/sagemaker/{which}")
    return [
        allow(
            [*more, "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [groups, pulumi.Output.concat(groups, ":*")],
        ),
        allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            condition={"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}},
        ),
    ]
