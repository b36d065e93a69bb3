"""What every SageMaker job and endpoint container may write about itself."""

from __future__ import annotations

import pulumi

from components.place import Place
from components.statements import Statement, allow


def job_log_statements(place: Place) -> list[Statement]:
    """Permissions to write SageMaker's logs and metrics in the account and region of `place`."""
    groups = place.arn("logs", "log-group:/aws/sagemaker/*")
    return [
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [groups, pulumi.Output.concat(groups, ":*")],
        ),
        allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            condition={"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}},
        ),
    ]
