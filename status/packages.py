"""Model packages of a workload, and what the ledger says of their releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from status.environment import Environment
from status.patience import known


@dataclass(frozen=True)
class Package:
    """A registered model package: its ARN, approval status and metadata."""

    arn: str
    status: str
    metadata: dict[str, str]
    created: Any

    @property
    def version(self) -> str:
        """The version number within its group."""
        return self.arn.rsplit("/", 1)[1]


def newest_package(environment: Environment, *, rejected: bool = False) -> Package | None:
    """Return the newest package of the workload's group, or None.

    Parameters
    ----------
    environment : Environment
        With the workload.
    rejected : bool
        Whether one that was rejected counts.
    """
    listed = (
        environment.client("sagemaker")
        .get_paginator("list_model_packages")
        .paginate(
            ModelPackageGroupName=environment.own.model_package_group_name,
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    )
    for summary in (summary for page in listed for summary in page["ModelPackageSummaryList"]):
        if rejected or summary["ModelApprovalStatus"] != "Rejected":
            return describe_package(environment, summary["ModelPackageArn"])
    return None


def describe_package(environment: Environment, arn: str) -> Package:
    """Read one package."""
    found = known(lambda: environment.client("sagemaker").describe_model_package(ModelPackageName=arn))
    return Package(
        arn, found["ModelApprovalStatus"], found.get("CustomerMetadataProperties", {}), found["CreationTime"]
    )
