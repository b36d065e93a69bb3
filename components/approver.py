"""The approver: a duty and a role of its own, which approves what passed every gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.checks import require
from components.metric import Failure
from components.place import Place
from components.registry import PENDING, Registry
from components.state_machine import StateMachine, StateMachineArgs

DEFINITION = Path(__file__).with_name("approver.asl.json")


@dataclass(frozen=True, kw_only=True)
class ApproverArgs:
    """What an `Approver` is made from.

    Attributes
    ----------
    place : Place
        The account and region of all of it.
    registry : Registry
        The one in which it may approve.
    logs_key_arn : input of str
        Customer key of the log.
    log_retention_days : int
        Days that the log is kept.
    look_every_minutes : int
        How often to look at what is pending, for events may be lost.
    """

    place: Place
    registry: Registry
    logs_key_arn: pulumi.Input[str]
    log_retention_days: int = 365
    look_every_minutes: int = 15


class Approver(pulumi.ComponentResource):
    """A state machine that approves pending packages whose metadata say that every gate was passed.

    It never changes a decision that was made, and a package that does not pass stays pending for a person.

    Attributes
    ----------
    state_machine_arn, role_arn : pulumi.Output[str]
        Start an execution with ``{"model_package_arn": ...}`` for one package, or ``{}`` for all that are pending.
    """

    def __init__(self, name: str, args: ApproverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the machine and its triggers."""
        require(
            f"Approver {name!r}",
            [
                (
                    args.look_every_minutes >= 1,
                    f"`look_every_minutes` must be at least 1, got {args.look_every_minutes}. "
                    "Schedules know no shorter rate.",
                )
            ],
        )
        super().__init__("headrace:release:Approver", name, None, opts)
        registry = args.registry
        machine = StateMachine(
            name,
            StateMachineArgs(
                place=args.place,
                definition=DEFINITION,
                values={"ModelPackageGroupName": registry.group_name, "PackageArns": registry.package_arns},
                duty="Approves model packages that passed every gate",
                statements=registry.decide_statements("Approved"),
                logs_key_arn=args.logs_key_arn,
                log_retention_days=args.log_retention_days,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        machine.start_on_event(
            "registered", "A model package was registered and waits for approval", registry.events_of(PENDING)
        )
        machine.start_every("look", "Looks at everything that is pending", args.look_every_minutes, {})
        self._machine = machine
        self.state_machine_arn: pulumi.Output[str] = machine.arn
        self.role_arn: pulumi.Output[str] = machine.role_arn
        self.register_outputs({"state_machine_arn": self.state_machine_arn, "role_arn": self.role_arn})

    def failures(self) -> list[Failure]:
        """Every way in which looking at packages can fail."""
        return self._machine.failures()
