"""The model registry: a group of model packages, and the rule that nobody approves what they registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.place import Place
from components.statements import Statement, allow, deny

PENDING = "PendingManualApproval"


def package_arns(group_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the pattern that the ARNs of a group's packages match, in which SageMaker writes names in lower case."""

    def pattern(arn: str) -> str:
        kind, _, group = arn.rpartition("/")
        return f"{kind.removesuffix('-group')}/{group.lower()}/*"

    return pulumi.Output.from_input(group_arn).apply(pattern)


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """What a `Registry` is made from.

    Attributes
    ----------
    place : Place
        The account that the group is in.
    group_name : str
        The group's name, because pipelines and people name it.
    """

    place: Place
    group_name: str


class Registry(pulumi.ComponentResource):
    """A model package group.

    Attributes
    ----------
    group_name, group_arn : pulumi.Output[str]
        Of the group.
    package_arns : pulumi.Output[str]
        The pattern that the ARNs of the group's packages match.
    """

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the group."""
        super().__init__("headrace:training:Registry", name, None, opts)
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-group",
            model_package_group_name=args.group_name,
            # A description could never be changed: SageMaker has no such call, and the provider would make the group
            # anew under its own name, which AWS refuses. The pipeline carries the workload's, and each package its own.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["modelPackageGroupDescription"]),
        )
        self.group_name: pulumi.Output[str] = group.model_package_group_name
        self.group_arn: pulumi.Output[str] = group.arn
        self.package_arns: pulumi.Output[str] = package_arns(group.arn)
        self.register_outputs({"group_name": self.group_name, "group_arn": self.group_arn})

    def read_statements(self) -> list[Statement]:
        """Permissions to list the group's packages and to look at them."""
        return [
            allow(["sagemaker:ListModelPackages"], ["*"]),
            allow(
                ["sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"],
                [self.package_arns, self.group_arn],
            ),
        ]

    def decide_statements(self, decision: str) -> list[Statement]:
        """Permissions to look at the group's packages and to give them one approval status, ``Approved`` say."""
        return [
            allow(["sagemaker:ListModelPackages"], ["*"]),  # AWS knows no resource for it
            allow(["sagemaker:DescribeModelPackage"], [self.package_arns]),
            allow(
                ["sagemaker:UpdateModelPackage"],
                [self.package_arns],
                condition={"StringEquals": {"sagemaker:ModelApprovalStatus": decision}},
            ),
        ]

    def events_of(self, status: str) -> Mapping[str, Any]:
        """Return the pattern of the events that say that a package of the group has an approval status."""
        return {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {"ModelPackageGroupName": [self.group_name], "ModelApprovalStatus": [status]},
        }

    def register_statements(self) -> list[Statement]:
        """Permissions to register packages that wait for approval, and a ban on approving any."""
        return [
            *self.read_statements(),
            allow(
                ["sagemaker:CreateModelPackage"],
                [self.package_arns, self.group_arn],
                condition={"StringEquals": {"sagemaker:ModelApprovalStatus": PENDING}},
            ),
            allow(["sagemaker:AddTags"], [self.package_arns]),
            deny(
                ["sagemaker:CreateModelPackage"],
                ["*"],
                sid="BornPending",
                condition={"StringNotEquals": {"sagemaker:ModelApprovalStatus": PENDING}},
            ),
            deny(["sagemaker:UpdateModelPackage"], ["*"], sid="NeverApprove"),
        ]
