"""Alarms on what works in the background and fails there: builds, pipelines, state machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class FailureAlarmsArgs:
    """What `FailureAlarms` are made from; each mapping is by the name that the alarm gets.

    Attributes
    ----------
    topic_arn : input of str
        The topic that hears of them.
    builds : mapping of str to input of str
        Names of CodeBuild projects.
    pipelines : mapping of str to input of str
        Names of SageMaker pipelines.
    machines : mapping of str to input of str
        ARNs of state machines.
    """

    topic_arn: pulumi.Input[str]
    builds: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    pipelines: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    machines: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class FailureAlarms(pulumi.ComponentResource):
    """An alarm for each way to fail of each build, pipeline and state machine; one failure in five minutes rings it.

    A release that was refused or rolled back tells the topic why by itself; the alarm also rings for one that could not
    even do that.
    """

    def __init__(self, name: str, args: FailureAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the alarms."""
        super().__init__("headrace:operations:FailureAlarms", name, None, opts)
        self._topic_arn = args.topic_arn
        for which, project in args.builds.items():
            dimensions = {"ProjectName": project}
            self._alarm(f"{name}-{which}-build", "An image build failed", "AWS/CodeBuild", "FailedBuilds", dimensions)
        for which, pipeline in args.pipelines.items():
            self._alarm(
                f"{name}-{which}-pipeline",
                "A pipeline run failed",
                "AWS/Sagemaker/ModelBuildingPipeline",
                "ExecutionFailed",
                {"PipelineName": pipeline},
            )
        for which, machine in args.machines.items():
            for ending in ("Failed", "TimedOut", "Aborted"):
                self._alarm(
                    f"{name}-{which}-{ending.lower()}",
                    f"An execution of the state machine ended as {ending}; its history says where",
                    "AWS/States",
                    f"Executions{ending}",
                    {"StateMachineArn": machine},
                )
        self.register_outputs({})

    def _alarm(
        self, name: str, description: str, namespace: str, metric: str, dimensions: Mapping[str, pulumi.Input[str]]
    ) -> None:
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            period=300,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic_arn],
            opts=pulumi.ResourceOptions(parent=self),
        )
