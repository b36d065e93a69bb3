"""Processing jobs read S3, run a command of the image, and write S3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.run.conftest import Cloud
from tests.cloud.run.jobs.requests import finished_processing, processing


@pytest.fixture(scope="module", autouse=True)
def rows(cloud: Cloud) -> None:
    """Two input files, one of them deeper."""
    cloud.put("training/a.csv", "1,2\n")
    cloud.put("training/more/b.csv", "3,4\n")


def run(cloud: Cloud, request: dict[str, Any]) -> dict[str, Any]:
    """Run a processing job to its end."""
    cloud.client("sagemaker").create_processing_job(**request)
    return finished_processing(cloud, request["ProcessingJobName"])


def test_job_reads_its_input_and_uploads_its_output(cloud: Cloud, image: str, role: str) -> None:
    job = run(cloud, processing("reads", image, role, ["--input", "/opt/ml/processing/input/rows"]))
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert json.loads(cloud.get("processed/reads/names.json")) == ["a.csv", "more/b.csv"]
    assert any(line.startswith("processing reads") for line in cloud.log("/aws/sagemaker/ProcessingJobs", "reads/"))


def saying(what: bytes, times: int = 1) -> list[str]:
    """Return arguments with which the program leaves a message."""
    return ["--say", what.hex(), str(times)]


def test_a_failed_job_shows_its_message_apart_from_the_service_s_reason(cloud: Cloud, image: str, role: str) -> None:
    words = [*saying(b"column dep_delay is missing\n"), "--fail"]
    job = run(cloud, processing("complains", image, role, words))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == "column dep_delay is missing\n"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert cloud.keys("processed/complains") == []
    listed = cloud.client("sagemaker").list_processing_jobs(NameContains="complains")["ProcessingJobSummaries"]
    assert [row["ExitMessage"] for row in listed] == [job["ExitMessage"]]


def test_a_failed_job_without_a_message_shows_how_it_ended(cloud: Cloud, image: str, role: str) -> None:
    job = run(cloud, processing("mute", image, role, ["--fail"]))
    assert job["FailureReason"] == "AlgorithmError: , exit code: 4"
    assert "ExitMessage" not in job


def test_a_job_that_completed_shows_the_first_kilobyte_of_its_message(cloud: Cloud, image: str, role: str) -> None:
    job = run(cloud, processing("talks", image, role, saying("€".encode(), 400)))
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "€" * 341


def test_a_message_in_another_encoding_fails_the_job(cloud: Cloud, image: str, role: str) -> None:
    job = run(cloud, processing("mumbles", image, role, saying("1 £".encode("latin-1"))))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    assert "/opt/ml/output/message" in job["FailureReason"]
    assert "ExitMessage" not in job


def test_missing_input_fails_the_job(cloud: Cloud, image: str, role: str) -> None:
    request = processing("hungry", image, role, ["--input", "/opt/ml/processing/input/rows"])
    request["ProcessingInputs"][0]["S3Input"]["S3Uri"] = "s3://lake/nothing"
    job = run(cloud, request)
    assert 'No S3 objects found under S3 URL "s3://lake/nothing"' in job["FailureReason"]


def test_unknown_program_fails_the_job(cloud: Cloud, image: str, role: str) -> None:
    request = processing("lost", image, role, ["--version"])
    request["AppSpecification"]["ContainerEntrypoint"] = ["spark-submit"]
    job = run(cloud, request)
    assert 'exec: "spark-submit": no such file or directory' in job["FailureReason"]


@pytest.mark.parametrize("isolated", [False, True])
def test_an_isolated_job_reaches_nothing_and_still_gets_its_files_moved(
    cloud: Cloud, image: str, role: str, isolated: bool
) -> None:
    name = f"reaches-{isolated}".lower()
    request = processing(name, image, role, ["--reach", str(cloud.port)])
    job = run(cloud, request | {"NetworkConfig": {"EnableNetworkIsolation": isolated}})
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    seen = json.loads(cloud.get(f"processed/{name}/reached.json"))
    assert seen["reached"] is not isolated
    assert (seen["named"] == ["AWS_REGION"]) is isolated
