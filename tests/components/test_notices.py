"""Who hears of what: subscriptions that must be confirmed, and alarms on what fails in the background."""

from __future__ import annotations

import pytest

from components.approver import Approver, ApproverArgs
from components.failures import FailureAlarms, FailureAlarmsArgs
from components.image import Image, ImageArgs
from components.registry import Registry, RegistryArgs
from components.subscribers import Subscribers, SubscribersArgs, protocol_of
from components.training_pipeline import TrainingPipeline, TrainingPipelineArgs
from tests.components.parts import keys, lake, options
from tests.components.recording import Recording, record

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:alarms"
AT = "@"  # apart, because no file of the project holds an address
ENDPOINTS = (f"ada{AT}example.com", "https://hooks.example.com/secret-part", QUEUE)
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


def subscribed(*endpoints: str) -> tuple[Recording, list[str]]:
    """Register subscribers; return what was registered and who has not confirmed."""
    pending: list[str] = []

    def program() -> None:
        _, opts = options()
        Subscribers("subscribers", SubscribersArgs(topic_arn="topic", endpoints=endpoints), opts).pending.apply(
            pending.extend
        )

    return record(program), pending


def test_each_endpoint_is_subscribed_by_its_protocol() -> None:
    recording, _ = subscribed(*ENDPOINTS)
    made = {found.inputs["protocol"]: found.inputs for found in recording.of(SUBSCRIPTION)}
    assert made.keys() == {"email", "https", "sqs"}
    assert {inputs["topic"] for inputs in made.values()} == {"topic"}


def test_who_has_not_confirmed_is_told_without_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    _, pending = subscribed(*ENDPOINTS)
    assert pending == [f"a...{AT}example.com", "https://hooks.example.com/..."]
    assert "secret-part" not in capsys.readouterr().err


def test_an_endpoint_that_leaves_the_list_moves_no_other() -> None:
    every = {found.urn for found in subscribed(*ENDPOINTS)[0].of(SUBSCRIPTION)}
    rest = {found.urn for found in subscribed(*ENDPOINTS[1:])[0].of(SUBSCRIPTION)}
    assert rest < every


@pytest.mark.parametrize(
    "endpoint", ["nobody", "a@b", "http://example.com", "https://", f"{QUEUE}.fifo", "arn:aws:sns:x:1:t", "+4512345678"]
)
def test_what_sns_could_not_reach_or_only_in_the_open_is_refused(endpoint: str) -> None:
    assert protocol_of(endpoint) is None
    with pytest.raises(ValueError, match="`endpoints` must be"):
        subscribed(endpoint)


def test_failed_builds_pipelines_and_machines_ring() -> None:
    def program() -> None:
        place, opts = options()
        waters = lake(place, opts, keys(place, opts))
        built = ImageArgs(place=place, bundles=waters.artifacts, key_arn="k", logs_key_arn="k", log_retention_days=90)
        trains = TrainingPipelineArgs(pipeline_name="p", description="A test", role_arn="r", definition="{}")
        registry = Registry("registry", RegistryArgs(place=place, group_name="g"), opts)
        approves = ApproverArgs(place=place, registry=registry, logs_key_arn="k")
        watched = {
            "image": Image("image", built, opts).failures(),
            "training": TrainingPipeline("training", trains, opts).failures(),
            "approvals": Approver("approver", approves, opts).failures(),
        }
        FailureAlarms("failures", FailureAlarmsArgs(topic_arn="topic", watched=watched), opts)

    recording = record(program)
    found = recording.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    project = recording.one("aws:codebuild/project:Project", "image-build").state["name"]
    machine = recording.one("aws:sfn/stateMachine:StateMachine", "approver-machine").state["arn"]
    assert {
        alarm.name: (alarm.inputs["namespace"], alarm.inputs["metricName"], *alarm.inputs["dimensions"].items())
        for alarm in found
    } == {
        "failures-image-build": ("AWS/CodeBuild", "FailedBuilds", ("ProjectName", project)),
        "failures-training-pipeline": (
            "AWS/Sagemaker/ModelBuildingPipeline",
            "ExecutionFailed",
            ("PipelineName", "p"),
        ),
        "failures-approvals-failed": ("AWS/States", "ExecutionsFailed", ("StateMachineArn", machine)),
        "failures-approvals-timedout": ("AWS/States", "ExecutionsTimedOut", ("StateMachineArn", machine)),
        "failures-approvals-aborted": ("AWS/States", "ExecutionsAborted", ("StateMachineArn", machine)),
    }
    for alarm in (alarm.inputs for alarm in found):
        assert (alarm["comparisonOperator"], alarm["threshold"], alarm["statistic"]) == (
            "GreaterThanThreshold",
            0,
            "Sum",
        )
        assert alarm["alarmActions"] == ["topic"]
        assert alarm["treatMissingData"] == "notBreaching"
