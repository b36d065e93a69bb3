"""Alarms on what works in the background and fails there: builds, pipelines, state machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.metric import Failure


@dataclass(frozen=True, kw_only=True)
class FailureAlarmsArgs:
    """What `FailureAlarms` are made from.

    Attributes
    ----------
    topic_arn : input of str
        The topic that hears of them.
    watched : mapping of str to sequence of Failure
        By the name that the alarms get, what `failures` of an image, a pipeline or a machine returns.
    """

    topic_arn: pulumi.Input[str]
    watched: Mapping[str, Sequence[Failure]]


class FailureAlarms(pulumi.ComponentResource):
    """An alarm for each way to fail of each thing that is watched; one failure in five minutes rings it.

    A release that was refused or rolled back tells the topic why by itself; the alarm also rings for one that could not
    even do that.
    """

    def __init__(self, name: str, args: FailureAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the alarms."""
        super().__init__("headrace:operations:FailureAlarms", name, None, opts)
        for which, failures in args.watched.items():
            for failure in failures:
                aws.cloudwatch.MetricAlarm(
                    f"{name}-{which}-{failure.role}",
                    alarm_description=failure.description,
                    namespace=failure.metric.namespace,
                    metric_name=failure.metric.name,
                    dimensions=failure.metric.dimensions,
                    statistic="Sum",
                    comparison_operator="GreaterThanThreshold",
                    threshold=0,
                    period=300,
                    evaluation_periods=1,
                    treat_missing_data="notBreaching",
                    alarm_actions=[args.topic_arn],
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.register_outputs({})
