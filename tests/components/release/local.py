"""A local cloud that holds the release machine and the approver exactly as their components declare them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from components.alarms import AlarmTopic, AlarmTopicArgs
from components.approver import Approver, ApproverArgs
from components.bucket import Bucket, BucketArgs
from components.endpoint import Endpoint
from components.names import RELEASE_TAGS
from components.place import Place
from components.registry import Registry, RegistryArgs
from components.release import Release, ReleaseArgs
from sandbox.cloud.run.images import store
from sandbox.cloud.settings import LOCAL_ACCOUNT as ACCOUNT
from tests.cloud.local import REGION, Cloud, allow, eventually
from tests.components import parts, recording
from tests.components.release.deploy import deploy

ENDPOINT = "test-flights"
GROUP = "test-flights"
BUCKET = "artifacts-bucket-0000000"
PARAMETER = "/headrace/test/flights/serving-policy"
SERVE = Path(__file__).parents[2] / "cloud" / "run" / "endpoints" / "serve.py"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/test/serve"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/test"
DATA_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data"
SERVING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/serving-role-0000000"
TAGS = {"headrace:stack": "test", **RELEASE_TAGS}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms-topic-0000000"


def place() -> Place:
    """The place that the components work in."""
    return Place(region=REGION, partition=pulumi.Output.from_input("aws"), account_id=pulumi.Output.from_input(ACCOUNT))


def release_args(*, endpoint: Mapping[str, Any] | None = None, **more: Any) -> ReleaseArgs:
    """Arguments of a release component, as a stack would give them; `endpoint` has some of the endpoint's."""
    given: dict[str, Any] = {
        "place": place(),
        "endpoint": born(**(endpoint or {})),
        "registry": Registry("registry", RegistryArgs(place=place(), group_name=GROUP)),
        "artifacts": Bucket("artifacts", BucketArgs(place=place(), key_arn=KEY)),
        "tables_key_arn": KEY,
        "logs_key_arn": KEY,
        "serving_policy_parameter_name": PARAMETER,
        "tags": {"headrace:stack": "test"},
        "topic": AlarmTopic("alarms", AlarmTopicArgs(place=place(), key_arn=KEY)),
    }
    return ReleaseArgs(**{**given, **more})


def born(**given: Any) -> Endpoint:
    """The endpoint that is released to."""
    made: dict[str, Any] = {"endpoint_name": ENDPOINT, "volume_key_arn": KEY, **given}
    if "capture" not in made:
        made["capture"] = Bucket("captures", BucketArgs(place=place(), key_arn=DATA_KEY))
    return parts.endpoint(place(), None, **made)


class _Answers(recording._Answers):
    """AWS's answers for the local account."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, state = super().new_resource(args)
        arn = state["arn"].replace(recording.REGION, REGION).replace(recording.ACCOUNT, ACCOUNT)
        return id_, {**state, "arn": arn}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        raise AssertionError(f"no component of these asks anything, got {args.token}")


def declared(program: Callable[[], object]) -> recording.Recording:
    """Return what a program registers, with the local account's ARNs."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(recording, "_Answers", _Answers)
        return recording.record(program)


def both() -> recording.Recording:
    """Return what the release machine and the approver register, and nothing of what they are made from."""

    def program() -> None:
        args = release_args()
        Release("release", args)
        Approver("approver", ApproverArgs(place=place(), registry=args.registry, logs_key_arn=KEY))

    made = declared(program).registrations
    return recording.Recording([one for one in made if one.name.startswith(("release", "approver"))])


@dataclass(frozen=True)
class Ended:
    """How an execution ended."""

    arn: str
    status: str
    error: str
    cause: str
    output: dict[str, Any]


class Platform(Cloud):
    """A local cloud with an endpoint on its bootstrap model, an empty registry, and both machines."""

    image: str
    release: str
    approver: str
    lease: str
    ledger: str
    topic: str = TOPIC

    def prepare(self, folder: Path) -> None:
        """Make all of it, once the cloud runs."""
        self.image = self._push_image(folder)
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("sns").create_topic(Name=TOPIC.rsplit(":", maxsplit=1)[-1])
        self.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        pull = allow("ecr:*")
        self.role(SERVING_ROLE.rpartition("/")[2], "sagemaker.amazonaws.com", pull, allow("s3:GetObject"))
        self._birth()
        for resource in both().aws:
            deploy(resource, self.client)
        machines = self.client("stepfunctions").list_state_machines()["stateMachines"]
        arns = {machine["name"].split("-")[0]: machine["stateMachineArn"] for machine in machines}
        self.release, self.approver = arns["release"], arns["approver"]
        tables = self.client("dynamodb").list_tables()["TableNames"]
        self.lease = next(name for name in tables if name.startswith("release-lease"))
        self.ledger = next(name for name in tables if name.startswith("release-ledger"))

    def _push_image(self, folder: Path) -> str:
        rootfs = folder / "rootfs"
        program = rootfs / "usr/local/bin/serve"
        program.parent.mkdir(parents=True)
        program.write_text(SERVE.read_text())
        program.chmod(0o755)
        image = store.save(rootfs, {"Env": {}, "WorkingDir": "/", "Lock": ""})
        self.client("ecr").create_repository(repositoryName="test/serve")
        store.push(self.client("ecr"), image, store.Reference.parse(f"{REPOSITORY}:one"))
        return f"{REPOSITORY}@{image.digest}"

    def _birth(self) -> None:
        client = self.client("sagemaker")
        client.create_model(
            ModelName="bootstrap",
            ExecutionRoleArn=SERVING_ROLE,
            EnableNetworkIsolation=True,
            PrimaryContainer={"Image": self.image, "Environment": {"ANSWER": "bootstrap"}},
        )
        variant = {
            "VariantName": "live",
            "ModelName": "bootstrap",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        client.create_endpoint_config(EndpointConfigName="bootstrap", ProductionVariants=[variant])
        client.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="bootstrap")
        eventually(lambda: self.endpoint()["EndpointStatus"] == "InService")

    def triggers(self, *, enabled: bool) -> None:
        """Switch the components' event rules on or off."""
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            (events.enable_rule if enabled else events.disable_rule)(Name=rule["Name"])

    def register(self, answer: str, *, approved: bool = True, without: tuple[str, ...] = (), **environment: str) -> str:
        """Upload an artifact and register a package whose server answers `answer`; return the package's ARN."""
        run = uuid.uuid4().hex[:12]
        key = f"packages/{GROUP}/{run}/model.tar.gz"
        digest = "sha256:" + hashlib.sha256(answer.encode()).hexdigest()
        stored = self.put_artifact(key, answer)
        metadata = {
            "gates": "passed",
            "model_digest": digest,
            "artifact_sha256": stored,
            "dataset_version": "one",
            "code_digest": "two",
            "workload_digest": "three",
            "image_digest": self.image.partition("@")[2],
        }
        container = {
            "Image": self.image,
            "ModelDataUrl": f"s3://{BUCKET}/{key}",
            "Environment": {"HEADRACE_MODEL_DIGEST": digest, **environment},
        }
        made = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus="Approved" if approved else "PendingManualApproval",
            InferenceSpecification={"Containers": [container], "SupportedContentTypes": ["text/csv"]},
            CustomerMetadataProperties={name: value for name, value in metadata.items() if name not in without},
        )
        return str(made["ModelPackageArn"])

    def put_artifact(self, key: str, answer: str) -> str:
        """Put a model archive and return its SHA-256 as S3 shows it."""
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="w", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
            member = tarfile.TarInfo("answer.txt")
            member.size = len(answer)
            tar.addfile(member, io.BytesIO(answer.encode()))
        body = packed.getvalue()
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body, ChecksumAlgorithm="SHA256")
        return base64.b64encode(hashlib.sha256(body).digest()).decode()

    def package(self, arn: str) -> dict[str, Any]:
        """Describe a package."""
        found: dict[str, Any] = self.client("sagemaker").describe_model_package(ModelPackageName=arn)
        return found

    def reject(self, arn: str) -> None:
        """Reject a package, so that it is nobody's newest."""
        self.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")

    def settled(self) -> None:
        """Wait until the endpoint changes no more."""
        eventually(lambda: self.endpoint()["EndpointStatus"] == "InService")

    def endpoint(self) -> dict[str, Any]:
        """Describe the endpoint."""
        found: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return found

    def answer(self) -> str:
        """What the endpoint answers now."""
        said = self.client("sagemaker-runtime").invoke_endpoint(EndpointName=ENDPOINT, Body="x", ContentType="text/csv")
        return str(json.loads(said["Body"].read())["answer"])

    def start_machine(self, machine: str, **given: Any) -> str:
        """Start an execution and return its ARN."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=machine, name=uuid.uuid4().hex, input=json.dumps(given)
        )
        return str(started["executionArn"])

    def ended(self, execution: str, seconds: float = 60) -> Ended:
        """Wait for the end of an execution."""

        def over() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=execution)
            return None if found["status"] == "RUNNING" else found

        found = eventually(over, seconds)
        output = json.loads(found.get("output") or "{}")
        return Ended(execution, found["status"], found.get("error", ""), found.get("cause", ""), output)

    def run_release(self, **given: Any) -> Ended:
        """Run the release machine to its end."""
        return self.ended(self.start_machine(self.release, **given))

    def run_approver(self, **given: Any) -> Ended:
        """Run the approver to its end."""
        return self.ended(self.start_machine(self.approver, **given))

    def entries(self) -> list[dict[str, Any]]:
        """The ledger, oldest entry first, as plain values."""
        answer = self.client("dynamodb").query(
            TableName=self.ledger,
            KeyConditionExpression="endpoint = :e",
            ExpressionAttributeValues={":e": {"S": ENDPOINT}},
        )
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in answer["Items"]]

    def hold_lease(self, holder: str) -> None:
        """Write a lease as an execution would that then ended without giving it back."""
        item = {"endpoint": {"S": ENDPOINT}, "holder": {"S": holder}, "acquired_at": {"S": "before"}}
        self.client("dynamodb").put_item(TableName=self.lease, Item=item)

    def lease_holder(self) -> str | None:
        """The execution that holds the lease."""
        found = self.client("dynamodb").get_item(TableName=self.lease, Key={"endpoint": {"S": ENDPOINT}})
        return found["Item"]["holder"]["S"] if "Item" in found else None
