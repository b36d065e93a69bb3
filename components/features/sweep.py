"""The dynamic resource that removes feature groups which nothing reads any more.

A group that was replaced stays, because the model that serves reads it. It may go when no model package that can still
be released names it: packages carry ``feature_group_<entity>`` in their metadata. Destroying the stack removes all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import DiffResult, Resource, UpdateResult

from agreements.metadata import FEATURE_GROUP_
from components.account import client_for
from components.features import calls
from components.place import Place
from components.registry import Registry
from components.sweeper import SweepProvider
from components.training_pipeline import TrainingPipeline

_REJECTED = "Rejected"
_BUSY = ("Executing", "Stopping")


class FeatureGroupSweepProvider(SweepProvider):
    """Makes nothing; an update removes what nothing names, a deletion removes everything."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Change also when something can go."""
        remembered = super().diff(_id, _olds, _news)
        if not remembered.changes:
            remembered.changes = bool(_unused(_olds, _olds))
        return remembered

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Remove what nothing names; what was current until this update stays until the next."""
        client = _client(_news)
        for name in _unused(_news, _olds):
            calls.delete(client, name)
        return UpdateResult(outs=_news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Remove every group of the store."""
        client = _client(_props)
        for name in _ours(client, _props):
            calls.delete(client, name)


@dataclass(frozen=True, kw_only=True)
class FeatureGroupSweeperArgs:
    """What a `FeatureGroupSweeper` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    name_prefix : str
        What the names of all groups of the store begin with.
    tags : mapping of str to str
        The stack's tags; what does not carry them and `components.features.calls.TAGS` stays.
    group_names : mapping of str to input of str
        The groups that the pipeline fills, by entity.
    registry : Registry
        Whose packages name groups.
    pipeline : TrainingPipeline
        Whose running executions will.
    """

    place: Place
    name_prefix: str
    tags: Mapping[str, str]
    group_names: Mapping[str, pulumi.Input[str]]
    registry: Registry
    pipeline: TrainingPipeline


class FeatureGroupSweeper(Resource, module="features", name="FeatureGroupSweeper"):
    """Removes feature groups that no model package names, and all of them when the stack is destroyed."""

    def __init__(self, name: str, args: FeatureGroupSweeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the sweeper."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "name_prefix": args.name_prefix,
            "tags": {**args.tags, **calls.TAGS},
            "group_names": dict(args.group_names),
            "model_package_group_name": args.registry.group_name,
            "pipeline_name": args.pipeline.pipeline_name,
        }
        super().__init__(FeatureGroupSweepProvider(), name, inputs, opts)


def _client(props: Mapping[str, Any]) -> Any:
    return client_for(props["account_id"], props["region"], "sagemaker")


def _ours(client: Any, props: Mapping[str, Any]) -> list[str]:
    found = ((name, calls.describe(client, name)) for name in calls.of(client, props["name_prefix"]))
    return [
        name
        for name, group in found
        if group is not None and calls.carries(client, group["FeatureGroupArn"], props["tags"])
    ]


def _unused(props: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the store's groups that neither the pipeline nor a package that may be released names."""
    client = _client(props)
    current = {*props["group_names"].values(), *before["group_names"].values()}
    if current.issuperset(calls.of(client, props["name_prefix"])):
        return []
    if _running(client, props["pipeline_name"]):
        return []  # it registers a package that names the groups of its definition
    kept = current | _named(client, props["model_package_group_name"])
    return [name for name in _ours(client, props) if name not in kept]


def _running(client: Any, pipeline_name: str) -> bool:
    pages = client.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline_name)
    return any(
        execution["PipelineExecutionStatus"] in _BUSY
        for page in pages
        for execution in page["PipelineExecutionSummaries"]
    )


def _named(client: Any, group: str) -> set[str]:
    """Return the feature groups that packages name which were not rejected."""
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    arns = [
        package["ModelPackageArn"]
        for page in pages
        for package in page["ModelPackageSummaryList"]
        if package["ModelApprovalStatus"] != _REJECTED
    ]
    described = (client.describe_model_package(ModelPackageName=arn) for arn in arns)
    return {
        value
        for package in described
        for key, value in package.get("CustomerMetadataProperties", {}).items()
        if key.startswith(FEATURE_GROUP_)
    }
