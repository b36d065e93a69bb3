"""A local cloud of a test's own: a real process on a free port, with roles, buckets and images made through its API."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import psutil
import pytest
from botocore.config import Config

from sandbox.cloud import credentials, process
from sandbox.cloud.settings import LOCAL_ACCOUNT, Settings
from tests.ports import free_port

REGION = "us-east-1"


def eventually(what: Callable[[], Any], seconds: float = 180.0) -> Any:
    """Return the first truthy answer of a function, asked more and more seldom; fail after some seconds."""
    until, pause = time.monotonic() + seconds, 0.02
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"did not come true within {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.2)  # each question to a local cloud takes it from what is waited for


def gathered(take: Callable[[], list[Any]], count: int, seconds: float = 60.0) -> list[Any]:
    """Take until there are so many."""
    got: list[Any] = []

    def enough() -> bool:
        got.extend(take())
        return len(got) >= count

    eventually(enough, seconds)
    return got


@dataclass
class Cloud:
    """A running local cloud."""

    settings: Settings
    _server: subprocess.Popen[bytes] | None = None

    def client(self, service: str) -> Any:
        """Return a client with the account's own keys, which does not retry."""
        return self._client(service, True)

    def hasty(self, service: str) -> Any:
        """Return a client that does not check its parameters, for limits below AWS's."""
        return self._client(service, False)

    @functools.cache  # noqa: B019 - few clouds a run
    def _client(self, service: str, validation: bool) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.settings.endpoint_url,
            region_name=REGION,
            aws_access_key_id=credentials.ACCESS_KEY,
            aws_secret_access_key=credentials.secret(self.settings.folder),
            config=Config(
                parameter_validation=validation, retries={"max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        )

    def __hash__(self) -> int:
        return id(self)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        with process.log_file(self.settings).open("a") as log:
            command = [sys.executable, "-m", "sandbox.cloud"]
            # another fixture's cloud may have been started since: it is that one which this process's variables name
            own = {"HEADRACE_STATE": str(self.settings.folder), "HEADRACE_PORT": str(self.settings.port)}
            self._server = subprocess.Popen(
                command, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        eventually(lambda: process.status(self.settings).running, 90)

    def stop(self) -> None:
        """Stop it as Ctrl-C would."""
        assert self._server is not None
        self._server.terminate()
        assert self._server.wait(30) == 0, process.log_file(self.settings).read_text()[-3000:]

    def wait_until_saved(self) -> None:
        """Wait until a snapshot holds everything that happened so far."""

        def saved() -> bool:
            with urllib.request.urlopen(f"{self.settings.endpoint_url}/_cloud/status", timeout=5) as said:  # noqa: S310
                return bool(json.load(said)["saved"])

        eventually(saved)

    def kill(self) -> list[psutil.Process]:
        """Kill it as a power cut would, and return the processes that it had started."""
        assert self._server is not None
        family = psutil.Process(self._server.pid).children(recursive=True)
        self._server.kill()
        self._server.wait(5)
        return family

    def role(self, name: str, service: str, *statements: dict[str, Any]) -> str:
        """Make a role that a service may assume, with rights; return its ARN."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_policy(*statements))
        return str(arn)

    def queue(self, name: str) -> tuple[str, str]:
        """Make a queue that rules and topics of this account may fill; return its URL and ARN."""
        arn = f"arn:aws:sqs:{REGION}:{LOCAL_ACCOUNT}:{name}"
        filling = {
            **allow("sqs:SendMessage", resource=arn),
            "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:*:{REGION}:{LOCAL_ACCOUNT}:*"}},
        }
        made = self.client("sqs").create_queue(QueueName=name, Attributes={"Policy": _policy(filling)})
        return made["QueueUrl"], arn

    def received(self, url: str) -> list[Any]:
        """Take what lies in a queue."""
        got = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in got:
            self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in got]


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    """Return a statement that allows actions."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def own_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings for state below a folder and a free port, which this process and the server both see."""
    settings = Settings(
        folder=folder / "cloud",
        port=free_port(),
        account=LOCAL_ACCOUNT,
        region=REGION,
        cache=Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headrace",
    )
    monkeypatch.setenv("HEADRACE_STATE", str(settings.folder))
    monkeypatch.setenv("HEADRACE_PORT", str(settings.port))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return settings


Kind = TypeVar("Kind", bound=Cloud)


@contextlib.contextmanager
def started(kind: type[Kind], folder: Path) -> Iterator[Kind]:
    """Start a local cloud with its state below a folder, and stop it at the end."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = kind(own_settings(folder, monkeypatch))
        try:
            made.start()
            yield made
        finally:
            made.stop()
