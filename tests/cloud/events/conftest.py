"""A local cloud with a state machine that passes its input on, and a role that may start it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.local import REGION, Cloud, _policy, allow

PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})


class Events(Cloud):
    """A local cloud and short ways to make rules."""

    events_role: str
    scheduler_role: str

    def prepare(self) -> None:
        """Make the roles."""
        start = allow("states:StartExecution", "sagemaker:StartPipelineExecution", "sqs:SendMessage", "sqs:GetQueueUrl")
        self.events_role = self.role("events", "events.amazonaws.com", start)
        self.scheduler_role = self.role("scheduler", "scheduler.amazonaws.com", start)

    def machine(self, name: str) -> str:
        """Make a state machine; return its ARN."""
        role = self.role(f"{name}-machine", "states.amazonaws.com")
        made = self.client("stepfunctions").create_state_machine(name=name, definition=PASS, roleArn=role)
        return str(made["stateMachineArn"])

    def rule(self, name: str, pattern: dict[str, Any], target: dict[str, Any]) -> None:
        """Make a rule with one target."""
        self.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
        self.client("events").put_targets(Rule=name, Targets=[{"Id": "one", **target}])

    def let_events_in(self, topic: str, group: str) -> None:
        """Give a topic and a log group the policies that EventBridge's guide prints."""
        events = {"Principal": {"Service": "events.amazonaws.com"}}
        publish = {**allow("sns:Publish", resource=topic), **events}
        self.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=_policy(publish))
        streams = f"arn:aws:logs:{REGION}:{LOCAL_ACCOUNT}:log-group:{group}:*"
        write = {**allow("logs:CreateLogStream", "logs:PutLogEvents", resource=streams), **events}
        self.client("logs").put_resource_policy(policyName="events", policyDocument=_policy(write))

    def put(self, source: str, *details: dict[str, Any], kind: str = "Something Happened") -> None:
        """Put events."""
        entries = [{"Source": source, "DetailType": kind, "Detail": json.dumps(detail)} for detail in details]
        assert self.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0

    def inputs(self, machine: str) -> list[Any]:
        """Return what a state machine's executions were started with."""
        states = self.client("stepfunctions")
        found = states.list_executions(stateMachineArn=machine)["executions"]
        return [json.loads(states.describe_execution(executionArn=one["executionArn"])["input"]) for one in found]

    def said(self, text: str) -> bool:
        """Say whether the local cloud's log has a text."""
        return text in (self.settings.folder / "server.log").read_text()


@pytest.fixture(scope="session")
def cloud(cloud: Cloud) -> Events:
    """The local cloud, with the roles that rules and schedules need."""
    made = Events(cloud.settings, cloud._server)
    made.prepare()
    return made
