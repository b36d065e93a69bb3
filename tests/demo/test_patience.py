"""The demo follows every page, waits for what AWS does not show yet, and asks again for what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from demo import pipeline, release
from demo.console import StoryError
from status import packages, patience
from status.environment import Environment
from status.packages import Package
from tests.status.told import stubbed

ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/flights/1"
EXECUTION = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/flights/execution/abcdefghijkl"
Json = dict[str, Any]
TIMES = {"CreationTime": datetime(2026, 11, 25), "LastModifiedTime": datetime(2026, 11, 25, 0, 1)}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """SageMaker's answers, in their order; all must be asked for."""
    monkeypatch.setattr(patience, "_PAUSE", 0.0)
    monkeypatch.setattr(pipeline, "_POLL", 0.0)
    client = boto3.client("sagemaker", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def environment(stub: Stubber) -> Environment:
    """Return the environment."""
    return stubbed(sagemaker=stub.client)


def listed(*rows: Json, token: str | None = None) -> Json:
    """Return a page of model packages."""
    return {"ModelPackageSummaryList": list(rows)} | ({"NextToken": token} if token else {})


def summary() -> Json:
    """Return a package as lists show it."""
    times = {"CreationTime": 0, "ModelPackageStatus": "Completed"}
    return {"ModelPackageArn": ARN, "ModelApprovalStatus": "PendingManualApproval", **times}


def described(execution: str) -> Json:
    """Return a package of an execution as Describe shows it."""
    needed = {"ModelPackageName": "flights", "CreationTime": 0, "ModelPackageStatus": "Completed"}
    status = {"ModelPackageArn": ARN, "ModelApprovalStatus": "PendingManualApproval"}
    details: Json = {"ModelPackageStatusDetails": {"ValidationStatuses": []}}
    return {**needed, **status, **details, "CustomerMetadataProperties": {"pipeline_execution": execution}}


def test_a_package_behind_an_empty_page_is_found(stub: Stubber) -> None:
    stub.add_response("list_model_packages", listed(token="more"))
    stub.add_response("list_model_packages", listed(summary()))
    stub.add_response("describe_model_package", described("abcdefghijkl"))
    found = packages.newest_package(environment(stub))
    assert found is not None
    assert found.arn == ARN


def test_a_list_that_does_not_show_the_new_package_yet_is_asked_again(stub: Stubber) -> None:
    stub.add_response("list_model_packages", listed())
    stub.add_response("list_model_packages", listed(summary()))
    stub.add_response("describe_model_package", described("an earlier one"))
    stub.add_response("list_model_packages", listed(summary()))
    stub.add_client_error("describe_model_package", "ValidationException", "ModelPackage does not exist.")
    stub.add_response("describe_model_package", described("abcdefghijkl"))
    assert pipeline.registered_package(environment(stub), EXECUTION).metadata["pipeline_execution"] == "abcdefghijkl"


def test_a_run_that_registered_nothing_is_said_so(stub: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_PATIENCE", 0)
    with pytest.raises(StoryError, match="registered nothing in flights"):
        pipeline.registered_package(environment(stub), EXECUTION)


def test_only_what_is_unknown_is_read_again(stub: Stubber) -> None:
    stub.add_client_error("describe_model_package", "AccessDeniedException", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        packages.describe_package(environment(stub), ARN)


def look(stub: Stubber, status: str, *steps: tuple[str, str]) -> None:
    """Let SageMaker tell an execution's status once, and then of its steps."""
    stub.add_response("describe_pipeline_execution", {"PipelineExecutionStatus": status, **TIMES})
    rows = [{"StepName": name, "StepStatus": state, "FailureReason": f"{name}'s reason"} for name, state in steps]
    stub.add_response("list_pipeline_execution_steps", {"PipelineExecutionSteps": rows})


def test_steps_that_are_shown_later_than_the_end_are_waited_for(
    stub: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    look(stub, "Executing", ("train", "Executing"))
    look(stub, "Succeeded", ("train", "Executing"))
    look(stub, "Succeeded", ("train", "Succeeded"), ("register", "Succeeded"))
    pipeline.follow(environment(stub), EXECUTION)
    told = capsys.readouterr().out
    assert "register  Succeeded" in told
    assert "pipeline   flights  Succeeded 60.0 s" in told


def test_a_step_whose_failure_is_shown_late_still_gives_the_reason(stub: Stubber) -> None:
    look(stub, "Failed", ("train", "Succeeded"))
    look(stub, "Failed", ("train", "Succeeded"), ("check", "Failed"))
    with pytest.raises(StoryError, match="check: check's reason"):
        pipeline.follow(environment(stub), EXECUTION)


def test_steps_that_are_never_shown_are_not_waited_for_for_ever(stub: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_LATE", -1.0)
    look(stub, "Succeeded", ("register", "Executing"))
    pipeline.follow(environment(stub), EXECUTION)


def package(status: str) -> Package:
    """Return a package of a status."""
    return Package(ARN, status, {}, None)


def test_an_approver_whose_event_was_lost_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Json]] = []
    monkeypatch.setattr(release, "_POLL", 0.0)
    monkeypatch.setattr(release, "_EVENT_SECONDS", 0.0)
    monkeypatch.setattr(release, "_ask", lambda _, machine, wanted: asked.append((machine, wanted)))
    statuses = iter(["PendingManualApproval"] * 3 + ["Approved"])
    monkeypatch.setattr(release, "describe_package", lambda *_: package(next(statuses)))
    found = release.approval(stubbed(), package("PendingManualApproval"))
    assert found.status == "Approved"
    assert asked == [("approver", {"model_package_arn": ARN})]


@pytest.mark.parametrize(
    ("outcomes", "starts", "passes"),
    [
        (["released"], 0, True),
        (["failed", "failed", "released"], 2, True),
        (["failed", "rolled_back"], 1, False),
        (["failed", "failed", "failed", "failed"], 3, False),
    ],
)
def test_a_release_that_failed_is_tried_again_and_one_that_was_rolled_back_is_not(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[str], starts: int, passes: bool
) -> None:
    entries = [
        {"package": ARN, "outcome": outcome, "error": "E", "cause": str(n)} for n, outcome in enumerate(outcomes)
    ]
    asked: list[str] = []
    monkeypatch.setattr(release, "_POLL", 0.0)
    monkeypatch.setattr(release, "_ask", lambda _, machine, __: asked.append(machine))
    monkeypatch.setattr(release, "_last_entry", lambda *_: entries[len(asked)])
    there = stubbed()
    if passes:
        assert release.release(there, package("Approved"))["outcome"] == "released"
    else:
        with pytest.raises(StoryError, match=f"not released but {outcomes[-1]}"):
            release.release(there, package("Approved"))
    assert asked == ["release"] * starts
