"""Training jobs run the image, keep what it makes, and say why one failed."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.run.conftest import REGISTRY, Cloud
from tests.cloud.run.jobs.requests import finished_training, training

GROUP = "/aws/sagemaker/TrainingJobs"


@pytest.fixture(scope="module", autouse=True)
def rows(cloud: Cloud) -> None:
    """Two input files, one of them deeper."""
    cloud.put("training/a.csv", "1,2\n")
    cloud.put("training/more/b.csv", "3,4\n")


def run(cloud: Cloud, request: dict[str, Any]) -> dict[str, Any]:
    """Run a training job to its end."""
    cloud.client("sagemaker").create_training_job(**request)
    return finished_training(cloud, request["TrainingJobName"])


def archive(cloud: Cloud, key: str) -> dict[str, bytes]:
    """Return the files of an archive in the tests' bucket."""
    with tarfile.open(fileobj=io.BytesIO(cloud.get(key))) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def test_job_trains_from_its_channel_and_leaves_a_model(cloud: Cloud, image: str, role: str) -> None:
    queue = _events(cloud, "Training Job")
    request = training("trains", image, role, Environment={"COLOUR": "blue", "WHERE": "/opt/ml/model"})
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    job = run(cloud, request | {"OutputDataConfig": {"S3OutputPath": "s3://lake/models/", "KmsKeyId": key}})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://lake/models/trains/output/model.tar.gz"
    files = archive(cloud, "models/trains/output/model.tar.gz")
    model = json.loads(files["model.json"])
    assert model == {"rows": ["1,2\n", "3,4\n"], "six": "1.17.0", "given": {"does": "train"}}
    head = cloud.client("s3").head_object(Bucket="lake", Key="models/trains/output/model.tar.gz")
    assert key in head["SSEKMSKeyId"]
    assert archive(cloud, "models/trains/output/output.tar.gz") == {"notes.txt": b"notes"}
    assert "training as trains does train" in cloud.log(GROUP, "trains/algo-1-")
    _assert_clean(json.loads(files["environment.json"]), cloud)
    statuses = cloud.until(lambda: _statuses(cloud, queue, "Completed"), "the event")
    assert statuses[-1]["TrainingJobName"] == "trains"


def _assert_clean(seen: dict[str, str], cloud: Cloud) -> None:
    """The container sees what SageMaker gives it and nothing of the local cloud's own."""
    assert seen["COLOUR"] == "blue"
    assert seen["WHERE"] == seen["SAGEMAKER_BASE_DIR"] + "/model"
    assert seen["AWS_ENDPOINT_URL"] == cloud.url
    assert seen["AWS_SESSION_TOKEN"]
    assert not {name for name in seen if name.startswith(("HEADRACE", "PIP_", "UV_", "PYTEST"))}


def _events(cloud: Cloud, words: str) -> str:
    """Make a queue that gets a kind of event."""
    queue, arn = cloud.queue("events")
    pattern = {"source": ["aws.sagemaker"], "detail-type": [f"SageMaker {words} State Change"]}
    cloud.client("events").put_rule(Name="jobs", EventPattern=json.dumps(pattern))
    cloud.client("events").put_targets(Rule="jobs", Targets=[{"Id": "queue", "Arn": arn}])
    return queue


def _statuses(cloud: Cloud, queue: str, wanted: str) -> list[dict[str, Any]]:
    received = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    details = [json.loads(message["Body"])["detail"] for message in received]
    return [detail for detail in details if detail["TrainingJobStatus"] == wanted]


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("raise", "AlgorithmError: the label column is missing, exit code: 3"),
        ("crash", "AlgorithmError: , exit code: 1"),
    ],
)
def test_failing_code_gives_the_reason_that_it_wrote(
    cloud: Cloud, image: str, role: str, does: str, reason: str
) -> None:
    job = run(cloud, training(f"fails-{does}", image, role, does))
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == reason
    assert "ModelArtifacts" not in job
    assert not cloud.keys(f"models/fails-{does}/")


def test_stopped_job_keeps_its_model(cloud: Cloud, image: str, role: str) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_training_job(**training("stops", image, role, "sleep"))
    cloud.until(lambda: "sleeping" in cloud.log(GROUP, "stops/"), "the container")
    sagemaker.stop_training_job(TrainingJobName="stops")
    job = finished_training(cloud, "stops")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "partial.json" in archive(cloud, "models/stops/output/model.tar.gz")
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="stops")


def test_job_that_runs_too_long_is_stopped(cloud: Cloud, image: str, role: str) -> None:
    job = run(cloud, training("too-long", image, role, "sleep", StoppingCondition={"MaxRuntimeInSeconds": 2}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_isolated_job_gets_no_credentials(cloud: Cloud, image: str, role: str) -> None:
    job = run(cloud, training("isolated", image, role, EnableNetworkIsolation=True))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    seen = json.loads(archive(cloud, "models/isolated/output/model.tar.gz")["environment.json"])
    assert {name for name in seen if name.startswith("AWS_")} == {"AWS_REGION"}


def test_bad_requests_are_refused(cloud: Cloud, image: str, role: str) -> None:
    sagemaker = cloud.client("sagemaker")
    run(cloud, training("taken", image, role))
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        sagemaker.create_training_job(**training("taken", image, role))
    with pytest.raises(ClientError, match=r"Could not assume role .*nobody"):
        sagemaker.create_training_job(**training("no-role", image, role.replace("jobs", "nobody")))
    with pytest.raises(ClientError, match=r"Could not assume role .*builder"):
        sagemaker.create_training_job(**training("no-trust", image, role.replace("jobs", "builder")))
    empty = training("no-input", image, role)
    empty["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://lake/nothing/"
    with pytest.raises(ClientError, match='No S3 objects found under S3 URL "s3://lake/nothing/"'):
        sagemaker.create_training_job(**empty)
    names = [row["TrainingJobName"] for row in sagemaker.list_training_jobs(NameContains="no-")["TrainingJobSummaries"]]
    assert names == []


def test_missing_image_fails_the_job(cloud: Cloud, role: str) -> None:
    job = run(cloud, training("no-image", f"{REGISTRY}/tiny:never", role))
    assert f"Cannot find image {REGISTRY}/tiny:never" in job["FailureReason"]


def test_role_needs_its_rights(cloud: Cloud, image: str) -> None:
    mute = cloud.role("mute", "sagemaker.amazonaws.com", deny=("s3:PutObject",))
    job = run(cloud, training("no-right", image, mute))
    assert job["TrainingJobStatus"] == "Failed"
    assert "Data upload failed: AccessDenied" in job["FailureReason"]
