"""A recording engine: runs a program against Pulumi's mocks and keeps every registration."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks

from rehearse.plan import event_loop

with warnings.catch_warnings():  # the SDK's own modules of deprecated resources warn when they are imported
    warnings.simplefilter("ignore", DeprecationWarning)
    for service in ("glue", "s3", "sagemaker"):
        importlib.import_module(f"pulumi_aws.{service}").outputs  # noqa: B018 (modules load when they are used)

ACCOUNT = "111122223333"
REGION = "eu-west-1"
IMAGE_DIGEST = "sha256:" + "ab" * 32

# ARNs as AWS writes them, and the inputs that hold a name of our own.
_ARNS = {
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:dynamodb/table:Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:sagemaker/endpoint:Endpoint": "arn:aws:sagemaker:{region}:{account}:endpoint/{name}",
    "aws:sagemaker/featureGroup:FeatureGroup": "arn:aws:sagemaker:{region}:{account}:feature-group/{name}",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": (
        "arn:aws:sagemaker:{region}:{account}:mlflow-tracking-server/{name}"
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        "arn:aws:sagemaker:{region}:{account}:model-package-group/{name}"
    ),
    "aws:sagemaker/pipeline:Pipeline": "arn:aws:sagemaker:{region}:{account}:pipeline/{name}",
    "aws:sfn/stateMachine:StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "aws:ssm/parameter:Parameter": "arn:aws:ssm:{region}:{account}:parameter{name}",
}
_NAMES = ("name", "featureGroupName", "modelPackageGroupName", "pipelineName", "trackingServerName")


@dataclass(frozen=True)
class Registration:
    """One resource as the program asked for it.

    Attributes
    ----------
    inputs : dict
        As they are sent, in camel case.
    state : dict
        The inputs, and what the mocks answer for AWS.
    parent : str
        URN of the resource that it belongs to.
    depends_on : tuple of str
        URNs of all that it waits for, named by hand or by its inputs.
    sources : dict of str to tuple of str
        By input, the URNs of the resources that its value was made from.
    ignored, replaced_on : tuple of str
        Inputs whose changes are left alone, and those whose changes replace the resource.
    protected : bool
        Whether Pulumi refuses to destroy it.
    retained : bool
        Whether it stays in AWS when Pulumi forgets it.
    deleted_first : bool
        Whether a replacement deletes it before it makes the new one.
    aliases : tuple of str
        Names that it had before.
    """

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    state: dict[str, Any]
    provider: str
    parent: str
    depends_on: tuple[str, ...]
    sources: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    replaced_on: tuple[str, ...]
    protected: bool
    retained: bool
    deleted_first: bool
    aliases: tuple[str, ...]


@dataclass
class Recording:
    """Every registration of one run, complete once `record` has returned."""

    registrations: list[Registration] = field(default_factory=list)

    def of(self, type_: str) -> list[Registration]:
        """All resources of a type, such as ``aws:kms/key:Key``."""
        return [found for found in self.registrations if found.type == type_]

    def one(self, type_: str, name: str) -> Registration:
        """The resource of that type and logical name."""
        found = [registration for registration in self.of(type_) if registration.name == name]
        assert len(found) == 1, f"{len(found)} {type_} named {name}; there are {[r.name for r in self.of(type_)]}"
        return found[0]

    def policy(self, type_: str, name: str, key: str = "policy") -> list[dict[str, Any]]:
        """The statements of a resource's policy document."""
        statements = json.loads(self.one(type_, name).inputs[key])["Statement"]
        assert isinstance(statements, list)
        return statements

    @property
    def aws(self) -> list[Registration]:
        """The resources that AWS would hold."""
        return [found for found in self.registrations if found.type.startswith("aws:")]


class _Answers(mocks.Mocks):
    """What AWS would answer: an ARN, an id, and what else other resources are made from."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        name = next((args.inputs[key] for key in _NAMES if key in args.inputs), f"{args.name}-0000000")
        arn = _ARNS.get(args.typ, "arn:aws:{service}:{region}:{account}:{name}")
        service = args.typ.split("/")[0].removeprefix("aws:")
        state = {
            "name": name,
            **args.inputs,
            "arn": arn.format(service=service, region=REGION, account=ACCOUNT, name=name),
        }
        if args.typ == "aws:s3/bucket:Bucket":
            state |= {"bucket": name}
        if args.typ == "aws:kms/key:Key":
            state |= {"keyId": name}
        if args.typ == "aws:ecr/repository:Repository":
            state |= {"repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"}
        if args.typ == "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer":
            state |= {"trackingServerUrl": "https://tracking.example"}
        if args.typ == "aws:sns/topicSubscription:TopicSubscription":
            state |= {"pendingConfirmation": args.inputs["protocol"] != "sqs"}
        if args.typ == "pulumi-python:dynamic/image:ImageBuild":
            state |= {"image_digest": IMAGE_DIGEST, "image_uri": f"{args.inputs['repository_url']}@{IMAGE_DIGEST}"}
        if args.typ == "pulumi-python:dynamic/features:FeatureGroup":
            group = args.inputs["base_name"]
            arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:feature-group/{group}"
            state |= {"group_name": group, "arn": arn}
        if args.typ == "pulumi-python:dynamic/serving:EndpointBirth":
            state |= {"born_with": args.inputs["image_uri"], "born_with_data": args.inputs["model_data_url"]}
        return f"{name}-id", state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": ACCOUNT,
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session",
            },
        }
        return answers[args.token], []


class _Monitor(mocks.MockMonitor):
    def __init__(self, recording: Recording, stack: str) -> None:
        super().__init__(_Answers())
        self._recording = recording
        self._stack = stack

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the real engine writes it; the mocks' own knows neither stack nor grandparents."""
        parents = parent.split("::")[2] if parent else ""
        within = "" if parents in ("", "pulumi:pulumi:Stack") else f"{parents}$"
        return f"urn:pulumi:{self._stack}::headrace::{within}{type_}::{name}"

    def Invoke(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        with event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (gRPC's name)
        with event_loop():
            return self._register(request)

    def _register(self, request: Any) -> Any:
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self._recording.registrations.append(
                Registration(
                    urn=answer.urn,
                    type=request.type,
                    name=request.name,
                    inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                    state=pulumi.runtime.rpc.deserialize_properties(answer.object),
                    provider=re.sub(r"::[^:]*$", "", request.provider),
                    parent=request.parent,
                    depends_on=tuple(sorted(request.dependencies)),
                    sources={key: tuple(sorted(found.urns)) for key, found in request.propertyDependencies.items()},
                    ignored=tuple(request.ignoreChanges),
                    replaced_on=tuple(request.replaceOnChanges),
                    protected=request.protect,
                    retained=request.retainOnDelete,
                    deleted_first=request.deleteBeforeReplace,
                    aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
                )
            )
        return answer


def record(program: Callable[[], object], stack: str = "test") -> Recording:
    """Run `program` as stack `stack` and return everything it registered, once all of it has landed."""
    recording = Recording()
    with event_loop():
        mocks.set_mocks(_Answers(), project="headrace", stack=stack, preview=False, monitor=_Monitor(recording, stack))
        pulumi.runtime.test(lambda: program() and None)()  # type: ignore[no-untyped-call]
    return recording
