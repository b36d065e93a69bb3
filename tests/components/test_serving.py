"""Endpoint and alarms: Pulumi owns birth and death, releases own what lies between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.alarms import AlarmTopic, AlarmTopicArgs, EndpointAlarms, EndpointAlarmsArgs
from components.endpoint import ServingPolicy
from components.service_role import ServiceRole, ServiceRoleArgs
from tests.components.parts import endpoint, keys, lake, options
from tests.components.recording import ACCOUNT, REGION, Recording, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/keys-"


def program(
    endpoint_name: str = "headrace-test-flights", capture_percent: int = 100, instance_count: int = 1
) -> Callable[[], None]:
    def register() -> None:
        place, opts = options()
        known = keys(place, opts)
        made = endpoint(
            place,
            opts,
            endpoint_name=endpoint_name,
            volume_key_arn=known.model_arn,
            capture=lake(place, opts, known).curated,
            logs_key_arn=known.logs_arn,
            serving_policy=ServingPolicy(
                variant_name="blue", capture_percent=capture_percent, instance_count=instance_count
            ),
        )
        topic = AlarmTopic("alarms", AlarmTopicArgs(place=place, key_arn=known.logs_arn), opts)
        EndpointAlarms("endpoint-alarms", EndpointAlarmsArgs(endpoint=made, topic_arn=topic.arn), opts)
        caller = ServiceRoleArgs(
            service="lambda.amazonaws.com",
            duty="Asks the endpoint, and tells the topic",
            place=place,
            statements=[*made.invoke_statements(), *topic.publish_statements()],
        )
        ServiceRole("caller", caller, opts)

    return register


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(program())


def test_the_bootstrap_model_can_call_nothing(recording: Recording) -> None:
    model = recording.one("aws:sagemaker/model:Model", "endpoint-bootstrap-model").inputs
    assert model["enableNetworkIsolation"] is True
    assert model["name"] == "headrace-test-flights-bootstrap"
    assert model["primaryContainer"]["modelDataUrl"] == "s3://artifacts/bootstraps/flights/1/model.tar.gz"


def test_volumes_and_captures_are_encrypted_with_a_customer_key(recording: Recording) -> None:
    type_ = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    configuration = recording.one(type_, "endpoint-bootstrap-configuration").inputs
    assert configuration["kmsKeyArn"] == f"{KEY}model-0000000"
    assert configuration["dataCaptureConfig"]["kmsKeyId"] == f"{KEY}data-0000000"  # as all that the bucket holds
    assert configuration["dataCaptureConfig"]["destinationS3Uri"] == (
        "s3://lake-curated-bucket-0000000/capture/headrace-test-flights"
    )


def test_what_a_release_changes_is_left_alone(recording: Recording) -> None:
    endpoint = recording.one("aws:sagemaker/endpoint:Endpoint", "endpoint-endpoint")
    assert endpoint.ignored == ("endpointConfigName", "deploymentConfig")
    type_ = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    assert recording.one(type_, "endpoint-bootstrap-configuration").ignored == (
        "productionVariants",
        "dataCaptureConfig",
        "kmsKeyArn",
    )


def test_the_log_group_is_there_before_sagemaker_makes_one(recording: Recording) -> None:
    log = recording.one("aws:cloudwatch/logGroup:LogGroup", "endpoint-log")
    assert log.inputs["name"] == "/aws/sagemaker/Endpoints/headrace-test-flights"
    assert log.urn in recording.one("aws:sagemaker/endpoint:Endpoint", "endpoint-endpoint").depends_on


def test_alarms_watch_errors_and_latency_and_tell_the_topic(recording: Recording) -> None:
    alarms = recording.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {alarm.inputs["metricName"]: alarm.inputs["threshold"] for alarm in alarms} == {
        "Invocation5XXErrors": 0.01,
        "Invocation4XXErrors": 0.2,
        "ModelLatency": 1_000_000,  # microseconds
    }
    for alarm in alarms:
        assert alarm.inputs["dimensions"] == {"EndpointName": "headrace-test-flights", "VariantName": "blue"}
        assert alarm.inputs["treatMissingData"] == "notBreaching"
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"]


def test_who_asks_the_endpoint_may_do_nothing_else_to_it(recording: Recording) -> None:
    asking, telling, using = recording.policy("aws:iam/rolePolicy:RolePolicy", "caller-policy")
    assert asking["Action"] == "sagemaker:InvokeEndpoint"
    assert asking["Resource"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/headrace-test-flights"
    assert (telling["Action"], telling["Resource"].rpartition(":")[2]) == ("sns:Publish", "alarms-topic-0000000")
    assert (using["Action"], using["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey*"], f"{KEY}logs-0000000")


def test_only_alarms_of_this_account_publish_to_the_encrypted_topic(recording: Recording) -> None:
    assert recording.one("aws:sns/topic:Topic", "alarms-topic").inputs["kmsMasterKeyId"] == f"{KEY}logs-0000000"
    (publish,) = recording.policy("aws:sns/topicPolicy:TopicPolicy", "alarms-topic-policy")
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_every_problem_of_an_endpoint_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="Endpoint 'endpoint' cannot be made") as caught:
        record(program("headrace-" + "x" * 40, capture_percent=101, instance_count=0))
    assert [line.split("`")[1] for line in str(caught.value).splitlines()[1:]] == [
        "endpoint_name",
        "serving_policy.instance_count",
        "serving_policy.capture_percent",
    ]
