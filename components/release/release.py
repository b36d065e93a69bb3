"""Releases: the one state machine that changes the endpoint after its birth, and what starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from agreements.prefixes import PACKAGES
from components.alarms import AlarmTopic
from components.bucket import Bucket
from components.checks import require
from components.endpoint import Endpoint
from components.metric import Failure
from components.names import RELEASE_TAGS, short_hash
from components.place import Place
from components.registry import Registry
from components.release.ledger import LEDGER_INDEX, Ledger, LedgerArgs
from components.state_machine import StateMachine, StateMachineArgs
from components.statements import allow

DEFINITION = Path(__file__).with_name("release.asl.json")
_QUICK_LOOKS = 20  # looks a second apart, before one every 15 seconds
_LOOKS = 260  # an hour
_UNSEEN_LOOKS = 56  # ten minutes in which no look shows the update that SageMaker took
_CALM_LOOKS = 3  # that show the old configuration again, each newer than the update
_STALE_LOOKS = 30  # that show it without being newer
_READS = 3  # more, two seconds apart, before what a read shows is believed against what an event or a person said
_LEASE_TRIES = 60  # ten minutes


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """What a `Release` is made from.

    Attributes
    ----------
    place : Place
        The account and region of all of it.
    endpoint : Endpoint
        The endpoint that releases change. What it was born with they keep, and its serving policy they apply.
    registry : Registry
        Where the packages come from.
    artifacts : Bucket
        Where the packages' model artifacts lie, under ``packages/<group>/``.
    tables_key_arn : input of str
        Customer key of the lease and the ledger.
    logs_key_arn : input of str
        Customer key of the log.
    log_retention_days : int
        Days that the log is kept.
    serving_policy_parameter_name : str
        The SSM parameter that holds the endpoint's serving policy; ``/headrace/...``.
    tags : mapping of str to str
        What the stack puts on its resources; releases put it on theirs, with `components.names.RELEASE_TAGS`.
    topic : AlarmTopic, optional
        The topic that hears of releases that did not happen.
    reconcile_every_minutes : int
        How often to look whether what serves is what is wanted, for events may be lost.
    protect_ledger : bool
        Whether DynamoDB refuses to delete the ledger.
    """

    place: Place
    endpoint: Endpoint
    registry: Registry
    artifacts: Bucket
    tables_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    serving_policy_parameter_name: str
    log_retention_days: int = 365
    tags: Mapping[str, str] = field(default_factory=dict)
    topic: AlarmTopic | None = None
    reconcile_every_minutes: int = 15
    protect_ledger: bool = True


class Release(pulumi.ComponentResource):
    """The release machine, its lease and ledger, the serving policy, and three triggers.

    Attributes
    ----------
    state_machine_arn, role_arn : pulumi.Output[str]
        Start an execution with ``{}`` for the newest approved package, or with
        ``{"model_package_arn": ..., "reason": ..., "requested_by": ...}`` for one chosen by hand.
    lease_table_name, ledger_table_name : pulumi.Output[str]
        The tables.
    serving_policy_parameter_name : pulumi.Output[str]
        The SSM parameter.
    """

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register everything that a release needs."""
        require(
            f"Release {name!r}",
            [
                (
                    args.serving_policy_parameter_name.startswith("/"),
                    "`serving_policy_parameter_name` must begin with a slash, "
                    f"got {args.serving_policy_parameter_name!r}. Give the whole path.",
                ),
                (
                    args.reconcile_every_minutes >= 1,
                    f"`reconcile_every_minutes` must be at least 1, got {args.reconcile_every_minutes}. "
                    "Schedules know no shorter rate.",
                ),
            ],
        )
        super().__init__("headrace:release:Release", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        parameter = aws.ssm.Parameter(
            f"{name}-serving-policy",
            name=args.serving_policy_parameter_name,
            description="What released models run on; a change releases the live model again",
            type="String",
            insecure_value=args.endpoint.serving_policy.to_json(),  # not a secret: reviewers read it in the diff
            opts=child,
        )
        lease = aws.dynamodb.Table(
            f"{name}-lease",
            billing_mode="PAY_PER_REQUEST",
            hash_key="endpoint",
            attributes=[{"name": "endpoint", "type": "S"}],
            server_side_encryption={"enabled": True, "kms_key_arn": args.tables_key_arn},
            point_in_time_recovery={"enabled": True},
            opts=child,
        )
        ledger = Ledger(
            f"{name}-ledger",
            LedgerArgs(place=args.place, key_arn=args.tables_key_arn, deletion_protection=args.protect_ledger),
            child,
        )
        machine = StateMachine(
            name,
            StateMachineArgs(
                place=args.place,
                definition=DEFINITION,
                values=_values(args, lease.name, ledger.table_name, parameter.name),
                duty="Releases approved model packages to the endpoint",
                statements=[
                    allow(["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteItem"], [lease.arn]),
                    *ledger.write_statements(),
                    allow(["ssm:GetParameter"], [parameter.arn]),
                    *args.registry.decide_statements("Rejected"),
                    *args.artifacts.newest_statements(pulumi.Output.concat(PACKAGES, args.registry.group_name, "/")),
                    *args.endpoint.release_statements(),
                    *([] if args.topic is None else args.topic.publish_statements()),
                ],
                logs_key_arn=args.logs_key_arn,
                log_retention_days=args.log_retention_days,
                sees_own_executions=True,
            ),
            child,
        )
        _add_triggers(machine, args, parameter.name)
        self._machine = machine
        self.state_machine_arn: pulumi.Output[str] = machine.arn
        self.role_arn: pulumi.Output[str] = machine.role_arn
        self.lease_table_name: pulumi.Output[str] = lease.name
        self.ledger_table_name: pulumi.Output[str] = ledger.table_name
        self.serving_policy_parameter_name: pulumi.Output[str] = parameter.name
        self.register_outputs(
            {
                "state_machine_arn": self.state_machine_arn,
                "role_arn": self.role_arn,
                "lease_table_name": self.lease_table_name,
                "ledger_table_name": self.ledger_table_name,
                "serving_policy_parameter_name": self.serving_policy_parameter_name,
            }
        )

    def failures(self) -> list[Failure]:
        """Every way in which a release can fail."""
        return self._machine.failures()


def _values(
    args: ReleaseArgs,
    lease_table: pulumi.Output[str],
    ledger_table: pulumi.Output[str],
    parameter: pulumi.Output[str],
) -> dict[str, Any]:
    """Return what the definition's names stand for."""
    # What a configuration holds besides package and policy: when it changes, names change, and the model is released
    # again under them.
    endpoint = args.endpoint
    fixed = [endpoint.serving_role_arn, endpoint.volume_key_arn, endpoint.capture_key_arn, endpoint.capture_uri]
    settings = pulumi.Output.all(*fixed).apply(lambda parts: short_hash(*parts))
    return {
        "EndpointName": endpoint.endpoint_name,
        "ModelPackageGroupName": args.registry.group_name,
        "PackageArns": args.registry.package_arns,
        "NamePrefix": endpoint.release_name_prefix,
        "SettingsHash": settings,
        "LeaseTable": lease_table,
        "LedgerTable": ledger_table,
        "LedgerIndex": LEDGER_INDEX,
        "ServingPolicyParameter": parameter,
        "ServingRoleArn": endpoint.serving_role_arn,
        "ArtifactsBucket": args.artifacts.name,
        "EndpointKeyArn": endpoint.volume_key_arn,
        "CaptureUri": endpoint.capture_uri,
        "CaptureKeyArn": endpoint.capture_key_arn,
        "TopicArn": "" if args.topic is None else args.topic.arn,
        "Tags": _tags(args),
        "LeaseTries": _LEASE_TRIES,
        "QuickLooks": _QUICK_LOOKS,
        "Looks": _LOOKS,
        "UnseenLooks": _UNSEEN_LOOKS,
        "CalmLooks": _CALM_LOOKS,
        "StaleLooks": _STALE_LOOKS,
        "Reads": _READS,
    }


def _tags(args: ReleaseArgs) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted({**args.tags, **RELEASE_TAGS}.items())]


def _add_triggers(machine: StateMachine, args: ReleaseArgs, parameter: pulumi.Output[str]) -> None:
    machine.start_on_event("approval", "A model package was approved", args.registry.events_of("Approved"))
    machine.start_on_event(
        "policy",
        "The serving policy was changed",  # its creation is the endpoint's birth, and releases nothing
        {
            "source": ["aws.ssm"],
            "detail-type": ["Parameter Store Change"],
            "detail": {"name": [parameter], "operation": ["Update"]},
        },
    )
    machine.start_every(
        "reconciler",
        "Compares what serves with what is wanted",
        args.reconcile_every_minutes,
        {"reason": "reconcile", "requested_by": "schedule"},
    )
