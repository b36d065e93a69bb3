"""What the platform makes at run time and Pulumi knows nothing of: removed when a stack is destroyed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.account import client_for
from components.names import RELEASE_TAGS, release_name_prefix
from components.place import Place
from components.registry import Registry
from components.tags import carried
from components.training_pipeline import TrainingPipeline

_PAUSE_SECONDS = 1.0
_STOP_SECONDS = 10 * 60  # a job has two minutes to end by itself, then its instances go


class SweepError(Exception):
    """Something that was to be removed would not go."""


class SweepProvider(ResourceProvider):
    """Makes nothing, remembers where to look, and sweeps on delete."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Remember `props`."""
        return CreateResult(id_=uuid.uuid4().hex, outs=props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare what is remembered with what is wanted; nothing is ever replaced, for that would sweep."""
        keys = {key for key in (*_olds, *_news) if not key.startswith("__")}
        changed = any(_olds.get(key) != _news.get(key) for key in keys)
        return DiffResult(changes=changed, replaces=[], stables=[], delete_before_replace=False)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Remember other `_news`."""
        return UpdateResult(outs=_news)


class PackageSweepProvider(SweepProvider):
    """Stops a pipeline's running executions and deletes every package of a group."""

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Sweep; what is gone already is no error."""
        client = client_for(_props["account_id"], _props["region"], "sagemaker")
        stop_executions(client, _props["pipeline_name"])
        delete_packages(client, _props["model_package_group_name"])


class ReleaseSweepProvider(SweepProvider):
    """Deletes the endpoint configurations and models that releases made, which it knows by name and tags."""

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Sweep; what is gone already is no error."""
        client = client_for(_props["account_id"], _props["region"], "sagemaker")
        delete_released(client, _props["name_prefix"], _props["tags"])


@dataclass(frozen=True, kw_only=True)
class PackageSweeperArgs:
    """What a `PackageSweeper` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    registry : Registry
        Whose packages are deleted; it is destroyed after the sweep.
    pipeline : TrainingPipeline
        The pipeline whose executions register packages there.
    """

    place: Place
    registry: Registry
    pipeline: TrainingPipeline


class PackageSweeper(Resource, module="release", name="PackageSweeper"):
    """Empties a model package group before it is destroyed; AWS refuses to delete one that holds packages."""

    def __init__(self, name: str, args: PackageSweeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the sweeper."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "model_package_group_name": args.registry.group_name,
            "pipeline_name": args.pipeline.pipeline_name,
        }
        super().__init__(PackageSweepProvider(), name, inputs, opts)


@dataclass(frozen=True, kw_only=True)
class ReleaseSweeperArgs:
    """What a `ReleaseSweeper` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    endpoint_name : str
        The endpoint whose releases they were.
    tags : mapping of str to str
        The stack's: what does not carry them and `components.names.RELEASE_TAGS` stays.
    """

    place: Place
    endpoint_name: str
    tags: Mapping[str, str]


class ReleaseSweeper(Resource, module="release", name="ReleaseSweeper"):
    """Removes what releases made. The endpoint must depend on it, so that the sweep comes after the endpoint's end."""

    def __init__(self, name: str, args: ReleaseSweeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the sweeper."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "name_prefix": release_name_prefix(args.endpoint_name),
            "tags": {**args.tags, **RELEASE_TAGS},
        }
        super().__init__(ReleaseSweepProvider(), name, inputs, opts)


def stop_executions(client: Any, pipeline_name: str) -> None:
    """Stop what runs of a pipeline and wait until it has ended.

    Raises
    ------
    SweepError
        If an execution still runs after ten minutes.
    """
    deadline = time.monotonic() + _STOP_SECONDS
    while running := _running(client, pipeline_name):
        for execution in running:
            if execution["PipelineExecutionStatus"] == "Executing":
                _unless_over(
                    partial(
                        client.stop_pipeline_execution,
                        PipelineExecutionArn=execution["PipelineExecutionArn"],
                        ClientRequestToken=uuid.uuid4().hex,
                    )
                )
        if time.monotonic() > deadline:
            names = ", ".join(execution["PipelineExecutionArn"] for execution in running)
            raise SweepError(f"Pipeline executions must stop within ten minutes, still running: {names}. Try again.")
        time.sleep(_PAUSE_SECONDS)


def delete_packages(client: Any, group: str) -> None:
    """Delete every package of a group."""
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    packages = _unless_gone(
        lambda: [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
    )
    for package in packages or []:
        _unless_gone(partial(client.delete_model_package, ModelPackageName=package))


def delete_released(client: Any, name_prefix: str, tags: Mapping[str, str]) -> None:
    """Delete the configurations, then the models, whose names begin with `name_prefix` and that carry `tags`."""
    configurations = [
        (found["EndpointConfigName"], found["EndpointConfigArn"])
        for page in client.get_paginator("list_endpoint_configs").paginate(NameContains=name_prefix)
        for found in page["EndpointConfigs"]
    ]
    for name in _tagged(client, configurations, name_prefix, tags):
        _unless_gone(partial(client.delete_endpoint_config, EndpointConfigName=name))
    models = [
        (found["ModelName"], found["ModelArn"])
        for page in client.get_paginator("list_models").paginate(NameContains=name_prefix)
        for found in page["Models"]
    ]
    for name in _tagged(client, models, name_prefix, tags):
        _unless_gone(partial(client.delete_model, ModelName=name))


def _running(client: Any, pipeline_name: str) -> list[Any]:
    pages = client.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline_name)
    executions = _unless_gone(lambda: [found for page in pages for found in page["PipelineExecutionSummaries"]])
    return [found for found in executions or [] if found["PipelineExecutionStatus"] in ("Executing", "Stopping")]


def _tagged(client: Any, found: list[tuple[str, str]], name_prefix: str, tags: Mapping[str, str]) -> Iterator[str]:
    for name, arn in found:
        if name.startswith(name_prefix) and tags.items() <= carried(client, arn).items():
            yield name


def _unless_over(call: Callable[[], Any]) -> None:
    """Stop an execution; that it has ended meanwhile, or that the list did not know it yet, is no error."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        _unless_gone(call)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConflictException":
            raise


def _unless_gone(call: Callable[[], Any]) -> Any:
    """Return the call's answer, or None where AWS says that what it is about does not exist."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        return call()
    except ClientError as error:
        said = error.response["Error"]
        # SageMaker has a code of its own for some kinds; for the others it is a validation error that says so.
        if said["Code"] in ("ResourceNotFound", "ResourceNotFoundException"):
            return None
        if said["Code"] == "ValidationException" and any(
            words in said["Message"] for words in ("Could not find", "does not exist")
        ):
            return None
        raise
