"""A local cloud of the tests' own, with a tiny image that was built in it."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.cloud import credentials
from tests.ports import free_port

ACCOUNT = "000000000000"
REGION = "us-east-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
FILES = Path(__file__).with_name("image")


def bundle(files: dict[str, str]) -> bytes:
    """Zip files as the stack's bundle would be."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), text)
    return data.getvalue()


def tiny_image() -> dict[str, str]:
    """Return the files of the tests' image."""
    return {path.relative_to(FILES).as_posix(): path.read_text() for path in FILES.rglob("*") if path.is_file()}


@dataclass
class Cloud:
    """A running local cloud and clients of it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        environment = {
            **os.environ,
            "AWS_REGION": REGION,
            "HEADRACE_PORT": str(self.port),
            "HEADRACE_STATE": str(self.folder),
        }
        environment.pop("AWS_ENDPOINT_URL", None)
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.cloud"], env=environment, stdout=output, stderr=output
            )
        self.until(self._answers, "the local cloud to answer")

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, (self.folder / "output").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def wait_until_saved(self) -> None:
        """Wait until a snapshot holds everything that happened so far."""

        def saved() -> bool:
            with urllib.request.urlopen(f"{self.url}/_cloud/status", timeout=5) as said:  # noqa: S310
                return bool(json.load(said)["saved"])

        self.until(saved, "a snapshot")

    def kill(self) -> None:
        """End it without warning, as kill -9 does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop it as its user would."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=30)

    def client(self, service: str) -> Any:
        """Return an administrator's client."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=credentials.ACCESS_KEY,
                aws_secret_access_key=credentials.secret(self.folder),
                config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
            )
        return self.clients[service]

    def until(self, done: Callable[[], Any], what: str, seconds: float = 90) -> Any:
        """Wait for something and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := done():
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s for {what}")

    def role(self, name: str, *services: str, deny: tuple[str, ...] = ()) -> str:
        """Make a role that these services may assume, allowed everything but what is denied."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        statements += [{"Effect": "Deny", "Action": list(deny), "Resource": "*"}] if deny else []
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(*statements))
        return str(arn)

    def queue(self, name: str) -> tuple[str, str]:
        """Make a queue that rules may fill; return its URL and ARN."""
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        filling = {
            **{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn},
            "Principal": {"Service": "events.amazonaws.com"},
        }
        made = self.client("sqs").create_queue(QueueName=name, Attributes={"Policy": _policy(filling)})
        return made["QueueUrl"], arn

    def log(self, group: str, stream: str) -> list[str]:
        """Return the lines of the first stream whose name begins so."""
        logs = self.client("logs")
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        name = next((item["logStreamName"] for item in streams if item["logStreamName"].startswith(stream)), None)
        if name is None:
            return []
        events = logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def put(self, key: str, body: bytes | str) -> str:
        """Put an object into the tests' bucket and return its address."""
        self.client("s3").put_object(Bucket="lake", Key=key, Body=body)
        return f"s3://lake/{key}"

    def get(self, key: str) -> bytes:
        """Return an object of the tests' bucket."""
        return bytes(self.client("s3").get_object(Bucket="lake", Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the tests' bucket under a prefix."""
        return [
            item["Key"] for item in self.client("s3").list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
        ]

    def build(self, files: dict[str, str], tag: str, project: str = "images") -> dict[str, Any]:
        """Build an image from files and return the finished build."""
        self.put(f"bundles/{tag}.zip", bundle(files))
        started = self.client("codebuild").start_build(
            projectName=project,
            sourceLocationOverride=f"lake/bundles/{tag}.zip",
            environmentVariablesOverride=[{"name": "IMAGE_TAG", "value": tag}],
        )["build"]
        return dict(self.until(lambda: self.finished_build(started["id"]), "the build", 60))

    def finished_build(self, build: str) -> dict[str, Any] | None:
        """Return a build if it is over."""
        found = self.client("codebuild").batch_get_builds(ids=[build])["builds"][0]
        return found if found["buildComplete"] else None


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud with a bucket, an image repository, a build project and a role for jobs."""
    made = Cloud(tmp_path_factory.mktemp("cloud"), free_port())
    made.start()
    try:
        furnish(made)
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


def furnish(cloud: Cloud) -> None:
    """Make what the tests need: a bucket, a repository, a build project, a role for jobs."""
    cloud.client("s3").create_bucket(Bucket="lake")
    cloud.client("ecr").create_repository(repositoryName="tiny", imageTagMutability="IMMUTABLE")
    cloud.role("jobs", "sagemaker.amazonaws.com")
    cloud.client("codebuild").create_project(
        name="images",
        source={"type": "S3", "location": "lake/bundles/none.zip", "buildspec": "image/buildspec.yml"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "REPOSITORY_URI", "value": f"{REGISTRY}/tiny"}],
        },
        serviceRole=cloud.role("builder", "codebuild.amazonaws.com"),
        logsConfig={"cloudWatchLogs": {"status": "ENABLED", "groupName": "/builds"}},
    )


@pytest.fixture(scope="session")
def image(cloud: Cloud) -> str:
    """The tests' image, by digest."""
    return built(cloud)


def built(cloud: Cloud) -> str:
    """Build the tests' image and return its name by digest."""
    build = cloud.build(tiny_image(), "first")
    assert build["buildStatus"] == "SUCCEEDED", cloud.log("/builds", "")
    found = cloud.client("ecr").describe_images(repositoryName="tiny", imageIds=[{"imageTag": "first"}])
    return f"{REGISTRY}/tiny@{found['imageDetails'][0]['imageDigest']}"


@pytest.fixture(scope="session")
def role() -> str:
    """The role that jobs run as."""
    return f"arn:aws:iam::{ACCOUNT}:role/jobs"
