"""The release machine when reads are old, pages empty and names taken: run for real, with some states put between."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from components.endpoint import ServingPolicy
from tests.cloud.local import eventually
from tests.components.release.local import BUCKET, PARAMETER, Platform

States = dict[str, dict[str, Any]]


def machine(platform: Platform, name: str, change: Callable[[States], None], of: str = "release") -> str:
    """Make a component's machine with other states; return its ARN."""
    client = platform.client("stepfunctions")
    declared = client.describe_state_machine(stateMachineArn=getattr(platform, of))
    definition = json.loads(declared["definition"])
    change(definition["States"])
    made = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=declared["roleArn"])
    return str(made["stateMachineArn"])


def old_looks(first: int, last: int) -> Callable[[States], None]:
    """Let these looks after the update show the endpoint as it was before the update."""

    def change(states: States) -> None:
        states["Update the endpoint"]["Next"] = "Keep the old look"
        states["Keep the old look"] = {
            "Type": "Pass",
            "InputPath": "$.seen",
            "ResultPath": "$.old",
            "Next": "Start counting",
        }
        states["Look at the update"]["Next"] = "Is it an old look?"
        old = [
            {"Variable": "$.tally.looks", "NumericGreaterThanEquals": first},
            {"Variable": "$.tally.looks", "NumericLessThanEquals": last},
        ]
        states["Is it an old look?"] = {
            "Type": "Choice",
            "Choices": [{"And": old, "Next": "Show the old look"}],
            "Default": "What came of it?",
        }
        states["Show the old look"] = {
            "Type": "Pass",
            "InputPath": "$.old",
            "ResultPath": "$.seen",
            "Next": "What came of it?",
        }

    return change


def entered(platform: Platform, execution: str) -> list[str]:
    """The states that an execution came through."""
    pages = platform.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def wait_for_state(platform: Platform, execution: str, state: str) -> None:
    """Wait until an execution has come to a state."""
    eventually(lambda: state in entered(platform, execution))


def approval(platform: Platform, package: str) -> str:
    """A package's approval."""
    return str(platform.package(package)["ModelApprovalStatus"])


def test_an_empty_page_is_not_the_last(platform: Platform) -> None:
    """Nothing was released yet: the package of the second page is new to the machine."""

    def empty_first_page(states: States) -> None:
        states["Newest approved package"]["Parameters"]["MaxResults"] = 1
        states["Newest approved package"]["Next"] = "Empty the page"
        states["Empty the page"] = {
            "Type": "Pass",
            "Parameters": {"it": {"ModelPackageSummaryList": [], "NextToken.$": "$.approved.it.NextToken"}},
            "ResultPath": "$.approved",
            "Next": "Is there one?",
        }

    second = platform.register("second page")
    platform.reject(platform.register("first page, rejected meanwhile"))
    platform.register("first page")
    ended = platform.ended(platform.start_machine(machine(platform, "pages", empty_first_page)))
    assert (ended.status, ended.output.get("model_package_arn")) == ("SUCCEEDED", second), ended
    assert platform.answer() == "second page"


def test_the_approver_follows_pages_too(platform: Platform) -> None:
    def small_pages(states: States) -> None:
        states["List what is pending"]["Parameters"]["MaxResults"] = 1
        states["List the next page"]["Parameters"]["MaxResults"] = 1

    packages = [platform.register(f"page {number}", approved=False) for number in range(3)]
    ended = platform.ended(platform.start_machine(machine(platform, "approver-pages", small_pages, "approver")))
    assert ended.status == "SUCCEEDED", ended
    assert {approval(platform, package) for package in packages} == {"Approved"}
    assert len(ended.output["decided"]) >= len(packages)
    for package in packages:
        platform.reject(package)


def test_old_looks_right_after_the_update_reject_no_package(platform: Platform) -> None:
    package = platform.register("seen late")
    ended = platform.ended(platform.start_machine(machine(platform, "late", old_looks(1, 7))))
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "released"), ended
    assert approval(platform, package) == "Approved"
    assert platform.answer() == "seen late"


def test_an_old_look_after_the_update_was_seen_rejects_no_package(platform: Platform) -> None:
    """The first look comes while the server starts, the next ones are older than the update."""
    package = platform.register("seen and unseen", SLOW_START="2")
    ended = platform.ended(platform.start_machine(machine(platform, "unseen", old_looks(2, 8))))
    assert "It shows" in entered(platform, ended.arn)
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "released"), ended
    assert approval(platform, package) == "Approved"


def test_a_rollback_behind_old_looks_is_still_one(platform: Platform) -> None:
    serving = platform.answer()
    package = platform.register("broken", FAULT="missing library")
    ended = platform.ended(platform.start_machine(machine(platform, "behind", old_looks(1, 5))))
    assert (ended.status, ended.error) == ("FAILED", "RolledBack"), ended
    assert "missing library" in ended.cause
    assert approval(platform, package) == "Rejected"
    assert platform.answer() == serving


def test_an_update_that_never_shows_is_the_infrastructures_fault(platform: Platform) -> None:
    def lost(states: States) -> None:
        states["Begin"]["Parameters"]["limits"]["unseen_looks"] = 5
        states["Update the endpoint"] = {"Type": "Pass", "Next": "Start counting"}

    package = platform.register("never shown")
    ended = platform.ended(platform.start_machine(machine(platform, "lost", lost)))
    assert (ended.status, ended.error) == ("FAILED", "UpdateNotSeen"), ended
    assert "stays Approved" in ended.cause
    assert platform.entries()[-1]["outcome"] == "failed"
    assert approval(platform, package) == "Approved"
    assert platform.lease_holder() is None
    assert platform.run_release().output["outcome"] == "released"


def test_an_approval_that_shows_late_is_waited_for(platform: Platform) -> None:
    package = platform.register("approved late", approved=False)
    execution = platform.start_machine(platform.release, model_package_arn=package)
    wait_for_state(platform, execution, "Wait for the approval")
    platform.client("sagemaker").update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    ended = platform.ended(execution)
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "released"), ended


def test_an_event_whose_news_shows_late_is_waited_for(platform: Platform) -> None:
    execution = platform.start_machine(platform.release, **{"detail-type": "SageMaker Model Package State Change"})
    wait_for_state(platform, execution, "Wait for the news")
    package = platform.register("listed late")
    ended = platform.ended(execution)
    assert (ended.status, ended.output.get("model_package_arn")) == ("SUCCEEDED", package), ended


def test_a_model_that_is_there_is_not_made_again(platform: Platform) -> None:
    """Step Functions calls `already exists` what it calls throttling, so that making it takes seven seconds."""
    policy = ServingPolicy(capture_percent=10)
    platform.client("ssm").put_parameter(Name=PARAMETER, Value=policy.to_json(), Overwrite=True)
    ended = platform.run_release()
    assert ended.output.get("outcome") == "released", ended
    states = entered(platform, ended.arn)
    assert "Make the model" not in states
    assert "Make the configuration" in states


def test_a_missing_artifact_is_told_as_such(platform: Platform) -> None:
    package = platform.register("gone")
    key = platform.package(package)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    platform.client("s3").delete_object(Bucket=BUCKET, Key=key.removeprefix(f"s3://{BUCKET}/"))
    ended = platform.run_release(model_package_arn=package)
    assert ended.error in ("ArtifactMissing", "ArtifactNotReadable"), ended  # S3 says 403 to whoever may not list
    assert key in ended.cause
    assert approval(platform, package) == "Approved"
    assert platform.entries()[-1]["error"] == ended.error
    assert platform.lease_holder() is None
    platform.reject(package)


def test_an_artifact_that_s3_refuses_names_both_causes(platform: Platform) -> None:
    package = platform.register("refused")
    key = platform.package(package)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    refusal = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:GetObject",
        "Resource": key.replace("s3://", "arn:aws:s3:::"),
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [refusal]})
    platform.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    try:
        ended = platform.run_release(model_package_arn=package)
    finally:
        platform.client("s3").delete_bucket_policy(Bucket=BUCKET)
    assert (ended.status, ended.error) == ("FAILED", "ArtifactNotReadable"), ended
    assert key in ended.cause
    assert "of an object that is not there" in ended.cause
    assert approval(platform, package) == "Approved"
    platform.reject(package)
