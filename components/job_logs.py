"""What every SageMaker job and endpoint container may write about itself."""

from __future__ import annotations

import pulumi

from components.place import Place
from components.statements import Statement, allow


def job_log_statements(place: Place) -> list[Statement]:
    """Permissions to write the logs and metrics of jobs in the account and region of `place`."""
    return _log_statements(place, "logs:CreateLogGroup")


def endpoint_log_statements(place: Place) -> list[Statement]:
    """Permissions to write the logs and metrics of endpoints, whose log groups are there before them."""
    return _log_statements(place)


def _log_statements(place: Place, *more: str) -> list[Statement]:
    groups = place.arn("logs", "log-group:/aws/sagemaker/*")
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
