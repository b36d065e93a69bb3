"""What an environment would declare: the program itself, run without an engine.

A preview knows no ARN of what is not there yet, so it cannot show a whole policy. Here Pulumi's own mocks answer for
AWS with the ARNs that it would give, and every document comes out as it would be sent.
"""

from __future__ import annotations

import asyncio
import json
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import mocks

from stacks.environment import environment
from stacks.inputs import Inputs
from stacks.providers import aws_provider, tags
from stacks.settings import NAMESPACE, Settings
from workloads.spec import Workload

UNNAMED = "0000000"  # stands for the seven characters that Pulumi adds to a name that it chooses
IMAGE_DIGEST = "sha256:" + "0" * 64
FEATURE_GROUP = "pulumi-python:dynamic/features:FeatureGroup"
_NAMES = ("name", "base_name", "modelPackageGroupName", "pipelineName", "trackingServerName")
# Where an ARN is not arn:aws:<service>:<region>:<account>:<name>.
_ARNS = {
    FEATURE_GROUP: "sagemaker:{region}:{account}:feature-group/{name}",
    "aws:athena/workgroup:Workgroup": "athena:{region}:{account}:workgroup/{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:codebuild/project:Project": "codebuild:{region}:{account}:project/{name}",
    "aws:dynamodb/table:Table": "dynamodb:{region}:{account}:table/{name}",
    "aws:ecr/repository:Repository": "ecr:{region}:{account}:repository/{name}",
    "aws:glue/catalogDatabase:CatalogDatabase": "glue:{region}:{account}:database/{name}",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/{key}",
    "aws:s3/bucket:Bucket": "s3:::{name}",
    "aws:sagemaker/endpoint:Endpoint": "sagemaker:{region}:{account}:endpoint/{name}",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "sagemaker:{region}:{account}:endpoint-config/{name}",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": (
        "sagemaker:{region}:{account}:mlflow-tracking-server/{name}"
    ),
    "aws:sagemaker/model:Model": "sagemaker:{region}:{account}:model/{name}",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "sagemaker:{region}:{account}:model-package-group/{name}",
    "aws:sagemaker/pipeline:Pipeline": "sagemaker:{region}:{account}:pipeline/{name}",
    "aws:scheduler/schedule:Schedule": "scheduler:{region}:{account}:schedule/default/{name}",
    "aws:sfn/stateMachine:StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "aws:ssm/parameter:Parameter": "ssm:{region}:{account}:parameter{name}",
}


@dataclass(frozen=True)
class Planned:
    """One resource.

    Attributes
    ----------
    type, name : str
        Pulumi's type and the logical name.
    inputs : mapping
        As AWS's provider would get them, in camel case.
    fixed_name : str
        Its name in AWS where the program chooses it; empty where Pulumi does, which never meets another.
    arn : str
        The ARN that it would have, with `UNNAMED` in a name that Pulumi chooses.
    """

    type: str
    name: str
    inputs: Mapping[str, Any]
    fixed_name: str
    arn: str


@dataclass(frozen=True)
class Plan:
    """An environment in an account: its settings and workloads, and everything that it would declare."""

    inputs: Inputs
    account: str
    resources: tuple[Planned, ...]

    def of(self, type_: str) -> list[Planned]:
        """All resources of a type, such as ``aws:kms/key:Key``."""
        return [found for found in self.resources if found.type == type_]

    @property
    def settings(self) -> Settings:
        """What the environment says."""
        return self.inputs.settings

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The environment's workloads, in the order of its settings."""
        return tuple(chosen.workload for chosen in self.inputs.workloads)

    @property
    def tags(self) -> dict[str, str]:
        """What everything of the environment is tagged with."""
        return tags(self.settings)


def plan(inputs: Inputs, account: str) -> Plan:
    """Run the program for an account and return what it declares."""
    settings = inputs.settings
    answers = _Answers(settings.region, account)

    def program() -> None:
        environment(inputs, aws_provider(settings))

    with warnings.catch_warnings(), event_loop():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's modules of deprecated resources warn
        stack = settings.environment
        mocks.set_mocks(answers, project=NAMESPACE, stack=stack, preview=False, monitor=_Monitor(answers))
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return Plan(inputs, account, tuple(sorted(answers.planned, key=lambda one: (one.type, one.name))))


@contextmanager
def event_loop() -> Iterator[None]:
    """Give this thread an event loop and close it: Pulumi's mocks open one where there is none and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(None)


class _Monitor(mocks.MockMonitor):
    def Invoke(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        with event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        with event_loop():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class _Answers(mocks.Mocks):
    """Answers for AWS, and keeps what it was asked to make."""

    def __init__(self, region: str, account: str) -> None:
        self._known = {"region": region, "account": account}
        self.planned: list[Planned] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        fixed = _fixed_name(args)
        name, key = fixed or f"{args.name}-{UNNAMED}", str(uuid.uuid5(uuid.NAMESPACE_URL, args.name))
        service = args.typ.split("/")[0].removeprefix("aws:")
        template = _ARNS.get(args.typ, f"{service}:{{region}}:{{account}}:{{name}}")
        arn = "arn:aws:" + template.format(name=name, key=key, **self._known)
        if args.typ.startswith("aws:") or args.typ == FEATURE_GROUP:
            self.planned.append(Planned(args.typ, args.name, args.inputs, fixed, arn))
        state: dict[str, Any] = {"name": name, **args.inputs, "arn": arn}
        state |= self._further(args, name, key, arn)
        return f"{name}-id", state

    def _further(self, args: mocks.MockResourceArgs, name: str, key: str, arn: str) -> dict[str, Any]:
        """Return what other resources are made from, beside name and ARN."""
        registry = "{account}.dkr.ecr.{region}.amazonaws.com".format(**self._known)
        found: dict[str, dict[str, Any]] = {
            "Bucket": {"bucket": name},
            "FeatureGroup": {"group_name": name, "arn": arn},
            "Key": {"keyId": key},
            "Repository": {"repositoryUrl": f"{registry}/{name}"},
            "MlflowTrackingServer": {"trackingServerUrl": "https://tracking.invalid"},
            "ImageBuild": {
                "image_digest": IMAGE_DIGEST,
                "image_uri": f"{args.inputs.get('repository_url')}@{IMAGE_DIGEST}",
            },
            "EndpointBirth": {
                "born_with": args.inputs.get("image_uri"),
                "born_with_data": args.inputs.get("model_data_url"),
            },
        }
        return found.get(args.typ.rpartition(":")[2], {})

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token != "aws:index/getCallerIdentity:getCallerIdentity":  # noqa: S105 (Pulumi's name of a function)
            raise LookupError(f"The rehearsal has no answer for {args.token}: add it in rehearse/plan.py.")
        account = self._known["account"]
        return {"accountId": account, "arn": f"arn:aws:iam::{account}:role/rehearsal"}, []


def document(value: Any) -> str:
    """Return a policy or definition as text, however the program handed it over."""
    return value if isinstance(value, str) else json.dumps(value)


def _fixed_name(args: mocks.MockResourceArgs) -> str:
    names = (*_NAMES, "bucket") if args.typ == "aws:s3/bucket:Bucket" else _NAMES
    return next((str(args.inputs[key]) for key in names if args.inputs.get(key)), "")
