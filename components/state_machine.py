"""A state machine with the role that it works with, its log and its traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.asl import render_output
from components.metric import Failure, Metric
from components.place import Place
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import Statement, allow, document

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


@dataclass(frozen=True, kw_only=True)
class StateMachineArgs:
    """What a `StateMachine` is made from.

    Attributes
    ----------
    place : Place
        The account that runs it.
    definition : Path
        Its ``.asl.json`` file.
    values : mapping of str to Any
        What the definition's ``${Names}`` stand for; Pulumi inputs.
    duty : str
        What its role is for, in a few words.
    statements : sequence of Statement
        What its tasks may do.
    logs_key_arn : input of str
        Customer key of its log.
    log_retention_days : int
        Days that its log is kept.
    sees_own_executions : bool
        Whether its tasks may ask how executions of this same machine are.
    """

    place: Place
    definition: Path
    values: Mapping[str, Any]
    duty: str
    statements: Sequence[Statement]
    logs_key_arn: pulumi.Input[str]
    log_retention_days: int
    sees_own_executions: bool = False


class StateMachine(pulumi.ComponentResource):
    """A standard state machine, logged and traced.

    Attributes
    ----------
    arn : pulumi.Output[str]
        Its ARN, known once its role may do everything that it needs.
    role_arn : pulumi.Output[str]
        The role of its tasks.
    """

    def __init__(self, name: str, args: StateMachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role, the log and the machine."""
        super().__init__("headrace:orchestration:StateMachine", name, None, opts)
        self._name = name
        self._place = args.place
        child = pulumi.ResourceOptions(parent=self)
        # Both kinds of actions know no resources: AWS documents "*".
        statements = [*args.statements, allow(_LOG_DELIVERY, ["*"]), allow(_TRACES, ["*"])]
        role = ServiceRole(
            f"{name}-tasks",
            ServiceRoleArgs(service="states.amazonaws.com", duty=args.duty, place=args.place, statements=statements),
            child,
        )
        group = aws.cloudwatch.LogGroup(
            f"{name}-log", retention_in_days=args.log_retention_days, kms_key_id=args.logs_key_arn, opts=child
        )
        machine = aws.sfn.StateMachine(
            f"{name}-machine",
            definition=render_output(args.definition, args.values),
            role_arn=role.arn,
            logging_configuration={
                "level": "ALL",
                "include_execution_data": True,
                "log_destination": pulumi.Output.concat(group.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            opts=child,
        )
        self.role_arn: pulumi.Output[str] = role.arn
        self.arn: pulumi.Output[str] = machine.arn
        if args.sees_own_executions:
            executions = machine.arn.apply(lambda arn: arn.replace(":stateMachine:", ":execution:") + ":*")
            own = aws.iam.RolePolicy(
                f"{name}-own-executions",
                role=role.arn.apply(lambda arn: arn.rpartition("/")[2]),
                policy=document([allow(["states:DescribeExecution"], [executions])]),
                opts=child,
            )
            self.arn = pulumi.Output.all(machine.arn, own.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn, "role_arn": self.role_arn})

    def failures(self) -> list[Failure]:
        """Every way in which an execution can end that is no success."""
        return [
            Failure(
                role=ending.lower(),
                description=f"An execution of the state machine ended as {ending}; its history says where",
                metric=Metric(
                    namespace="AWS/States", name=f"Executions{ending}", dimensions={"StateMachineArn": self.arn}
                ),
            )
            for ending in ("Failed", "TimedOut", "Aborted")
        ]

    def start_on_event(self, trigger: str, description: str, pattern: Mapping[str, Any]) -> None:
        """Start an execution with every event of the default bus that matches `pattern`; the event is its input."""
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-{trigger}",
            description=description,
            event_pattern=pulumi.Output.json_dumps(dict(pattern), sort_keys=True),
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-{trigger}-target",
            rule=rule.name,
            arn=self.arn,
            role_arn=self._starter(trigger, "events.amazonaws.com"),
            opts=child,
        )

    def start_every(self, trigger: str, description: str, minutes: int, said: Mapping[str, str]) -> None:
        """Start an execution every `minutes` with `said` as its input."""
        aws.scheduler.Schedule(
            f"{self._name}-{trigger}",
            description=description,
            schedule_expression="rate(1 minute)" if minutes == 1 else f"rate({minutes} minutes)",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": self.arn,
                "role_arn": self._starter(trigger, "scheduler.amazonaws.com"),
                "input": pulumi.Output.json_dumps(dict(said), sort_keys=True),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _starter(self, trigger: str, service: str) -> pulumi.Output[str]:
        role = ServiceRole(
            f"{self._name}-{trigger}-starter",
            ServiceRoleArgs(
                service=service,
                duty=f"Starts {self._name} ({trigger})",
                place=self._place,
                statements=[allow(["states:StartExecution"], [self.arn])],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return role.arn
