"""The topic that tells people, and alarms on an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.checks import require
from components.endpoint import Endpoint, EndpointMetric
from components.place import Place
from components.statements import Statement, allow, document


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """What an `AlarmTopic` is made from.

    Attributes
    ----------
    place : Place
        The account whose alarms may use the topic.
    key_arn : input of str
        Customer key of messages; it must let CloudWatch use it.
    """

    place: Place
    key_arn: pulumi.Input[str]


class AlarmTopic(pulumi.ComponentResource):
    """The topic that hears of alarms, and of releases that did not happen.

    Attributes
    ----------
    arn : pulumi.Output[str]
        The topic, known once it lets alarms publish.
    """

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the topic and its policy."""
        super().__init__("headrace:operations:AlarmTopic", name, None, opts)
        self._key_arn = args.key_arn
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(f"{name}-topic", kms_master_key_id=args.key_arn, opts=child)
        publish = allow(
            ["sns:Publish"],
            [topic.arn],
            sid="AlarmsOfThisAccount",
            principal={"Service": "cloudwatch.amazonaws.com"},
            condition={"StringEquals": {"aws:SourceAccount": args.place.account_id}},
        )
        policy = aws.sns.TopicPolicy(f"{name}-topic-policy", arn=topic.arn, policy=document([publish]), opts=child)
        self.arn: pulumi.Output[str] = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})

    def publish_statements(self) -> list[Statement]:
        """Permissions to tell the topic something."""
        return [
            allow(["sns:Publish"], [self.arn]),
            allow(["kms:Decrypt", "kms:GenerateDataKey*"], [self._key_arn]),
        ]


@dataclass(frozen=True, kw_only=True)
class EndpointAlarmsArgs:
    """What `EndpointAlarms` are made from.

    Attributes
    ----------
    endpoint : Endpoint
        The endpoint to watch.
    topic_arn : input of str
        The topic that hears of them.
    server_error_rate : float
        Share of requests, from 0 to 1, that may end in an error of the container's.
    client_error_rate : float
        Share of requests, from 0 to 1, that may be refused. Callers whose contract is out of date show here.
    latency_ms : float
        Milliseconds that the slowest in a hundred answers may take in the container.
    """

    endpoint: Endpoint
    topic_arn: pulumi.Input[str]
    server_error_rate: float = 0.01
    client_error_rate: float = 0.2
    latency_ms: float = 1000.0


class EndpointAlarms(pulumi.ComponentResource):
    """Alarms on errors and latency; each needs three bad minutes of five, and silence is not an alarm."""

    def __init__(self, name: str, args: EndpointAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the alarms."""
        rates = {"server_error_rate": args.server_error_rate, "client_error_rate": args.client_error_rate}
        require(
            f"EndpointAlarms {name!r}",
            [
                *(
                    (0 <= rate <= 1, f"`{field}` must be from 0 to 1, got {rate}. Give a share, not a percentage.")
                    for field, rate in rates.items()
                ),
                (args.latency_ms > 0, f"`latency_ms` must be above 0, got {args.latency_ms}. Give milliseconds."),
            ],
        )
        super().__init__("headrace:operations:EndpointAlarms", name, None, opts)
        self._name = name
        self._args = args
        self._alarm(
            "server-errors", "Invocation5XXErrors", "Share of requests that failed in the container", "Average",
            args.server_error_rate,
        )  # fmt: skip
        self._alarm(
            "client-errors", "Invocation4XXErrors", "Share of requests that the container refused", "Average",
            args.client_error_rate,
        )  # fmt: skip
        self._alarm(
            "latency", "ModelLatency", "Microseconds of the slowest answer in a hundred", "p99",
            args.latency_ms * 1000,
        )  # fmt: skip
        self.register_outputs({})

    def _alarm(self, role: str, name: EndpointMetric, description: str, statistic: str, threshold: float) -> None:
        metric = self._args.endpoint.metric(name)
        percentile = statistic.startswith("p")
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{role}",
            alarm_description=description,
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            statistic=None if percentile else statistic,
            extended_statistic=statistic if percentile else None,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            period=60,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.topic_arn],
            ok_actions=[self._args.topic_arn],
            opts=pulumi.ResourceOptions(parent=self),
        )
