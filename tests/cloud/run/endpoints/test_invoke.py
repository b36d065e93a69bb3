"""An endpoint answers from its container, and its errors are SageMaker's."""

from __future__ import annotations

import json

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import eventually
from tests.cloud.run.endpoints.conftest import Endpoints


@pytest.fixture(scope="module")
def endpoint(cloud: Endpoints) -> str:
    """An endpoint whose model lies in S3."""
    cloud.model("first", data=cloud.model_data("one"), COLOUR="blue")
    cloud.config("first", "first")
    assert cloud.create("answers", "first")["EndpointStatus"] == "InService"
    return "answers"


def test_answer_comes_from_the_model_in_s3(cloud: Endpoints, endpoint: str) -> None:
    said = cloud.invoke(endpoint, "1,2", Accept="application/json", CustomAttributes="trace=7")
    body = json.loads(said["Body"])
    assert (body["answer"], body["body"]) == ("one", "1,2")
    assert (body["accept"], body["attributes"]) == ("application/json", "trace=7")
    assert said["ContentType"] == "application/json"
    assert said["InvokedProductionVariant"] == "live"
    assert said["CustomAttributes"] == "model_digest=one"


def test_container_gets_its_own_environment_and_not_the_servers(cloud: Endpoints, endpoint: str) -> None:
    names = set(json.loads(cloud.invoke(endpoint)["Body"])["environment"])
    assert {
        "COLOUR",
        "IN_IMAGE",
        "SAGEMAKER_BIND_TO_PORT",
        "AWS_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
    } <= names
    assert not {name for name in names if name.startswith(("HEADRACE", "PYTEST"))}


def test_a_container_that_can_listens_on_no_port(cloud: Endpoints) -> None:
    assert cloud._server is not None
    server = psutil.Process(cloud._server.pid)
    before = set(server.children(recursive=True))
    cloud.simple("by-socket", BY_SOCKET="yes")
    assert cloud.create("by-socket", "by-socket")["EndpointStatus"] == "InService"
    assert json.loads(cloud.invoke("by-socket", "1,2")["Body"])["body"] == "1,2"
    with pytest.raises(ClientError):
        cloud.invoke("by-socket", "die")
    eventually(lambda: _answers(cloud, "by-socket"))  # on a socket of the same name
    family = set(server.children(recursive=True)) - before
    assert family
    assert not [one for process in family for one in process.net_connections("inet")]


def test_a_port_that_another_program_took_first_is_replaced(cloud: Endpoints) -> None:
    cloud.simple("unlucky", LOSE_PORT="yes")
    assert cloud.create("unlucky", "unlucky")["EndpointStatus"] == "InService"
    assert json.loads(cloud.invoke("unlucky", "1,2")["Body"])["body"] == "1,2"


def _answers(cloud: Endpoints, name: str) -> bool:
    try:
        return bool(cloud.invoke(name, "1,2")["Body"])
    except ClientError:
        return False


def test_isolated_container_has_no_credentials(cloud: Endpoints) -> None:
    cloud.model("isolated", isolated=True)
    cloud.config("isolated", "isolated")
    cloud.create("isolated", "isolated")
    body = json.loads(cloud.invoke("isolated")["Body"])
    assert body["keys"] is False
    assert not {"AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} & set(body["environment"])


@pytest.mark.parametrize("status", [400, 500])
def test_container_error_is_a_model_error(cloud: Endpoints, endpoint: str, status: int) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.invoke(endpoint, str(status))
    said = refused.value.response
    assert said["Error"]["Code"] == "ModelError"
    assert said["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert said["OriginalStatusCode"] == status
    assert said["OriginalMessage"] == "the field x must be positive, got -1"


def test_a_container_error_is_passed_on_as_far_as_the_api_allows(cloud: Endpoints, endpoint: str) -> None:
    with pytest.raises(ClientError) as refused:
        cloud.invoke(endpoint, "long")
    said = refused.value.response
    assert (said["OriginalStatusCode"], said["OriginalMessage"]) == (400, "x" * 2_048)
    assert len(said["Error"]["Message"]) == 2_048
    assert said["Error"]["Message"].endswith("for more information.")
    group, _, stream = said["LogStreamArn"].partition(":log-stream:")
    assert group == f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/{endpoint}"
    assert stream.startswith("live/i-")


def test_a_container_that_hangs_up_is_an_error_and_not_asked_again(cloud: Endpoints) -> None:
    cloud.simple("abrupt")
    cloud.create("abrupt", "abrupt")
    with pytest.raises(ClientError, match="ModelError") as refused:
        cloud.invoke("abrupt", "hang up")
    assert refused.value.response["OriginalStatusCode"] == 503
    assert json.loads(cloud.invoke("abrupt")["Body"])["hung_up"] == 1


def test_a_body_beyond_the_limit_reaches_no_container(cloud: Endpoints, endpoint: str) -> None:
    with pytest.raises(ClientError, match="at most 6291456 bytes, got 6291457"):
        cloud.invoke(endpoint, "x" * 6_291_457)


def test_unknown_endpoint_and_variant_are_refused(cloud: Endpoints, endpoint: str) -> None:
    with pytest.raises(ClientError, match=r"Endpoint nowhere of account 0{12} not found\.") as refused:
        cloud.invoke("nowhere")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="Variant shadow not found"):
        cloud.invoke(endpoint, TargetVariant="shadow")


def test_weights_share_the_traffic_and_a_target_variant_overrules_them(cloud: Endpoints) -> None:
    cloud.model("left", ANSWER="left")
    cloud.model("right", ANSWER="right")
    cloud.config("two", "left", "right", weights=(3, 1))
    cloud.create("two", "two")
    said = [json.loads(cloud.invoke("two")["Body"])["answer"] for _ in range(80)]
    assert 3 <= said.count("right") <= 45
    assert json.loads(cloud.invoke("two", TargetVariant="b")["Body"])["answer"] == "right"
    cloud.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="two", DesiredWeightsAndCapacities=[{"VariantName": "live", "DesiredWeight": 0}]
    )
    assert {json.loads(cloud.invoke("two")["Body"])["answer"] for _ in range(30)} == {"right"}


def test_log_lines_reach_cloudwatch(cloud: Endpoints, endpoint: str) -> None:
    logs = cloud.client("logs")

    def lines() -> list[str]:
        found = logs.filter_log_events(
            logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}", logStreamNamePrefix="live/i-"
        )
        return [event["message"] for event in found["events"]]

    assert eventually(lines) == ["serving one"]


def test_invocations_are_counted(cloud: Endpoints) -> None:
    cloud.simple("counted")
    cloud.create("counted", "counted")
    for body in ("", "", "400", "500"):
        try:
            cloud.invoke("counted", body)
        except ClientError:
            continue
    named = {"EndpointName": "counted", "VariantName": "live"}

    def total(metric: str) -> float:
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in named.items()],
            StartTime="2020-01-01T00:00:00Z",
            EndTime="2100-01-01T00:00:00Z",
            Period=10**9,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(found[0]["Sum"]) if found else 0.0

    eventually(lambda: total("Invocations") == 4)
    assert (total("Invocation4XXErrors"), total("Invocation5XXErrors")) == (1, 1)
    assert total("ModelLatency") > 100  # microseconds
    assert total("OverheadLatency") > 0


def test_captured_calls_have_the_form_that_aws_writes(cloud: Endpoints) -> None:
    cloud.model("captured", ANSWER="seen")
    cloud.config(
        "captured",
        "captured",
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://models/captures",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
    )
    described = cloud.create("captured", "captured")
    assert described["DataCaptureConfig"]["CaptureStatus"] == "Started"
    cloud.invoke("captured", "1,2", InferenceId="flight-7")
    s3 = cloud.client("s3")
    prefix = "captures/captured/live/"
    key = eventually(lambda: s3.list_objects_v2(Bucket="models", Prefix=prefix).get("Contents"))[0]["Key"]
    year, month, day, hour, file = key.removeprefix(prefix).split("/")
    assert [len(part) for part in (year, month, day, hour)] == [4, 2, 2, 2]
    assert file.endswith(".jsonl")
    (line,) = s3.get_object(Bucket="models", Key=key)["Body"].read().decode().splitlines()
    kept = json.loads(line)
    given = {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"}
    assert kept["captureData"]["endpointInput"] == given
    assert kept["captureData"]["endpointOutput"]["mode"] == "OUTPUT"
    assert json.loads(kept["captureData"]["endpointOutput"]["data"])["answer"] == "seen"
    assert kept["eventMetadata"]["inferenceId"] == "flight-7"
    assert kept["eventVersion"] == "0"
