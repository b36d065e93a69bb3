"""A role that one AWS service assumes for one duty, with one policy that says all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.checks import require
from components.place import Place
from components.statements import Statement, allow, document


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    """What a `ServiceRole` is made from.

    Attributes
    ----------
    service : str
        The service principal that assumes the role, such as ``sagemaker.amazonaws.com``.
    duty : str
        What the role is for, in a few words; shown in IAM.
    place : Place
        The account on whose behalf alone the service may assume the role.
    statements : sequence of Statement
        Everything that the role may do. At least one.
    any_account_because : str, optional
        Why the trust names no account. If omitted it asks for ``aws:SourceAccount``, against the confused deputy; a
        service that does not send that key could then never assume the role.
    """

    service: str
    duty: str
    place: Place
    statements: Sequence[Statement]
    any_account_because: str | None = None


class ServiceRole(pulumi.ComponentResource):
    """A role and its one inline policy.

    Attributes
    ----------
    arn : pulumi.Output[str]
        The role's ARN, known only once its policy is attached, so that whoever uses it finds its permissions in place.
    service : str
        The service that assumes it.
    """

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role and its policy."""
        require(
            f"ServiceRole {name!r}",
            [
                (bool(args.statements), "`statements` must hold at least one statement, got none. Say what it may do."),
                (
                    args.any_account_because != "",
                    "`any_account_because` must be a reason, got ''. Say why, or leave it out.",
                ),
            ],
        )
        super().__init__("headrace:security:ServiceRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        trust = {
            **allow(
                ["sts:AssumeRole"],
                [],
                principal={"Service": args.service},
                condition=(
                    {"StringEquals": {"aws:SourceAccount": args.place.account_id}}
                    if args.any_account_because is None
                    else None
                ),
            )
        }
        del trust["Resource"]  # a trust policy is about the role that carries it
        role = aws.iam.Role(f"{name}-role", assume_role_policy=document([trust]), description=args.duty, opts=child)
        policy = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=document(args.statements), opts=child)
        self.service: str = args.service
        self.arn: pulumi.Output[str] = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})


def pass_statement(roles: Sequence[ServiceRole]) -> Statement:
    """Permission to give roles to the one service that assumes all of them, and to no other."""
    (service,) = {role.service for role in roles}
    return allow(
        ["iam:PassRole"],
        [role.arn for role in roles],
        condition={"StringEquals": {"iam:PassedToService": service}},
    )
