"""Missing actions, repeated requests, crashes: what a client gets."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.server.retries import StoredAnswers
from sandbox.cloud.server.wire import Answer
from tests.cloud.local import Cloud
from tests.cloud.server.local import post


@pytest.mark.parametrize(
    ("service", "call", "parameters"),
    [
        ("sagemaker", "start_inference_experiment", {"Name": "x"}),  # JSON
        ("s3", "delete_bucket_metrics_configuration", {"Bucket": "any-bucket", "Id": "x"}),  # REST, XML
        ("amp", "list_workspaces", {}),  # REST, JSON, and a service that moto does not know
        ("cloudformation", "describe_stack_drift_detection_status", {"StackDriftDetectionId": "x"}),  # query
    ],
)
def test_a_missing_action_is_refused_by_name_at_once(
    cloud: Cloud, service: str, call: str, parameters: dict[str, str]
) -> None:
    began = time.monotonic()
    with pytest.raises(ClientError) as refused:
        getattr(cloud.client(service), call)(**parameters)
    assert time.monotonic() - began < 5  # an error that clients repeat would take longer
    answer = refused.value.response
    assert answer["Error"]["Code"] == "NotImplementedByLocalCloud"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["ResponseMetadata"].get("RetryAttempts", 0) == 0
    assert answer["Error"]["Message"].startswith("The local cloud has no ")


def test_a_repeated_request_has_one_effect_and_the_same_answer(cloud: Cloud) -> None:
    def create(invocation: str, attempt: int) -> tuple[int, str]:
        target = "DynamoDB_20120810.CreateTable"
        body = {
            "TableName": "once",
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        said = post(cloud.settings, "dynamodb", target, body, invocation=invocation, attempt=attempt)
        return said.status, said.text

    invocation = str(uuid.uuid4())
    first = create(invocation, 1)
    assert first[0] == 200
    assert create(invocation, 2) == first
    assert create(invocation, 3) == first
    again = create(str(uuid.uuid4()), 1)
    assert again[0] == 400
    assert "ResourceInUseException" in again[1]


def test_a_repeated_request_that_was_refused_is_tried_again(cloud: Cloud) -> None:
    invocation = str(uuid.uuid4())
    body = {"ModelPackageGroupName": "late"}
    target = "SageMaker.DescribeModelPackageGroup"
    assert post(cloud.settings, "sagemaker", target, body, invocation=invocation).status == 400
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName="late")
    assert post(cloud.settings, "sagemaker", target, body, invocation=invocation, attempt=2).status == 200


def test_a_request_repeated_while_the_first_runs_waits_for_it() -> None:
    answers, count = StoredAnswers(), []

    def slow() -> Answer:
        count.append(1)
        time.sleep(0.3)
        return Answer(200, body=b"done")

    with ThreadPoolExecutor() as pool:
        first = pool.submit(answers.once, "id", False, slow)
        time.sleep(0.1)
        second = pool.submit(answers.once, "id", True, slow)
        assert first.result().body == second.result().body == b"done"
    assert count == [1]


def test_stored_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.cloud.server.retries._MOST", 3)
    answers = StoredAnswers()
    for number in range(10):
        answers.once(str(number), False, lambda: Answer(200, body=b"old"))
    assert answers.once("9", True, lambda: Answer(200, body=b"new")).body == b"old"
    assert answers.once("0", True, lambda: Answer(200, body=b"new")).body == b"new"
    assert len(answers._slots) <= 3


def test_a_crash_is_one_line_to_the_client_and_a_traceback_in_the_log(cloud: Cloud) -> None:
    said = post(cloud.settings, "sagemaker", "SageMaker.CreateModel", {"ModelName": ["not", "a", "string"]})
    assert said.status == 500
    assert said.json["__type"] == "InternalFailure"
    assert "Traceback" not in said.text
    log = (cloud.settings.folder / "server.log").read_text()
    assert "sagemaker:CreateModel crashed" in log
    assert "Traceback" in log


def test_errors_are_written_in_every_protocol(cloud: Cloud) -> None:
    for service, call, parameters, code in (
        ("sagemaker", "describe_model", {"ModelName": "none"}, "ValidationException"),
        ("s3", "get_object", {"Bucket": "no-such-bucket", "Key": "a"}, "NoSuchBucket"),
        ("iam", "get_role", {"RoleName": "none"}, "NoSuchEntity"),
        ("sqs", "get_queue_url", {"QueueName": "none"}, "AWS.SimpleQueueService.NonExistentQueue"),
        ("scheduler", "get_schedule", {"Name": "none"}, "ResourceNotFoundException"),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(cloud.client(service), call)(**parameters)
        assert refused.value.response["Error"]["Code"] == code
