"""What the machines ask for, how often they ask, where an error leads, and what they begin and go on counting with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components import approver
from components.release import release
from tests.components.choices import at

States = dict[str, dict[str, Any]]
RELEASE: States = json.loads(release.DEFINITION.read_text())["States"]
_APPROVER: States = json.loads(approver.DEFINITION.read_text())["States"]
_EACH: dict[str, Any] = _APPROVER["Decide on each"]["ItemProcessor"]
APPROVER: States = {**_APPROVER, **_EACH["States"]}
CONDITION, FAILED, ALL = "DynamoDB.ConditionalCheckFailedException", "States.TaskFailed", "States.ALL"
UNKNOWN = "Sfn.ExecutionDoesNotExistException"
_BUSY = ("SageMaker.ThrottlingException", "SageMaker.SageMakerException", "SageMaker.SdkClientException")

# how often a call is repeated, by its error: a lost condition never, what may not be known yet the longest
TRIES: dict[str, dict[str, int]] = {
    **{
        name: {FAILED: 3}
        for name in (
            "Check the artifact",
            "Last release",
            "Look at the endpoint",
            "Look at the update",
            "Newest approved package",
            "Newest entry",
            "Next page of packages",
            "Read the lease",
            "Read the policy",
            "Reject the package",
            "Tell people",
        )
    },
    **{name: {CONDITION: 0, FAILED: 3} for name in ("Take the lease", "Take the lease over", "Write the ledger")},
    "Give the lease back": {CONDITION: 0, FAILED: 6},
    "Look at the holder": {UNKNOWN: 0, FAILED: 3},
    "Read the package": {FAILED: 5},
    "Update the endpoint": {FAILED: 5},
    **{name: {FAILED: 6} for name in ("Read the configuration", "Read the model")},
    **{name: dict.fromkeys(_BUSY, 3) for name in ("Make the configuration", "Make the model")},
    **{name: {} for name in ("Is the model there?", "Is the configuration there?")},
}
OF_APPROVER = {
    "Approve": {FAILED: 3},
    "List the next page": {FAILED: 3},
    "List what is pending": {FAILED: 3},
    "Read the package": {FAILED: 5},
}
LEADS: dict[str, dict[str, str]] = {
    "Take the lease": {CONDITION: "Read the lease", ALL: "No lease"},
    "Take the lease over": {CONDITION: "Count the try", ALL: "No lease"},
    "Read the lease": {ALL: "No lease"},
    "Look at the holder": {UNKNOWN: "Take the lease over", ALL: "No lease"},
    **{
        name: {ALL: "Broken"}
        for name in (
            "Last release",
            "Look at the endpoint",
            "Look at the update",
            "Newest approved package",
            "Next page of packages",
            "Read the package",
            "Read the policy",
            "Update the endpoint",
        )
    },
    "Check the artifact": {ALL: "Is it missing?"},
    "Is the model there?": {ALL: "Make the model"},
    "Is the configuration there?": {ALL: "Make the configuration"},
    "Make the model": {ALL: "Was there a model?"},
    "Make the configuration": {ALL: "Was there a configuration?"},
    "Read the configuration": {ALL: "Not made"},
    "Read the model": {ALL: "Not made"},
    "Reject the package": {ALL: "Rolled back, not rejected"},
    "Newest entry": {ALL: "Write the ledger"},
    "Write the ledger": {CONDITION: "Is there anybody to tell?", ALL: "Ledger failed"},
    "Tell people": {ALL: "Give the lease back"},
    "Give the lease back": {ALL: "How did it end?"},
}
LEADS_OF_APPROVER: dict[str, dict[str, str]] = {
    "Approve": {ALL: "Not approved"},
    "List the next page": {},
    "List what is pending": {},
    "Read the package": {ALL: "Not readable"},
}


def tasks(states: States) -> States:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


@pytest.mark.parametrize(("states", "wanted"), [(RELEASE, TRIES), (APPROVER, OF_APPROVER)])
def test_each_call_is_repeated_as_often_as_it_may_help(states: States, wanted: dict[str, dict[str, int]]) -> None:
    found = {
        name: {error: rule["MaxAttempts"] for rule in state.get("Retry", ()) for error in rule["ErrorEquals"]}
        for name, state in tasks(states).items()
    }
    assert found == wanted
    # the first rule that fits counts
    for name, state in tasks(states).items():
        assert not any(FAILED in rule["ErrorEquals"] for rule in state.get("Retry", ())[:-1]), name


@pytest.mark.parametrize(("states", "wanted"), [(RELEASE, LEADS), (APPROVER, LEADS_OF_APPROVER)])
def test_each_error_leads_where_it_is_told(states: States, wanted: dict[str, dict[str, str]]) -> None:
    found = {
        name: {error: rule["Next"] for rule in state.get("Catch", ()) for error in rule["ErrorEquals"]}
        for name, state in tasks(states).items()
    }
    assert found == wanted


MINE = {":me": {"S.$": "$$.Execution.Id"}}
NEWEST_FIRST = {"SortBy": "CreationTime", "SortOrder": "Descending"}


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (
            "Take the lease",
            {
                "ConditionExpression": "attribute_not_exists(endpoint) OR holder = :me",
                "ExpressionAttributeValues": MINE,
            },
        ),
        (
            "Take the lease over",
            {
                "ConditionExpression": "holder = :old OR holder = :me",
                "ExpressionAttributeValues": {":old": {"S.$": "$.lease.it.Item.holder.S"}, **MINE},
            },
        ),
        ("Give the lease back", {"ConditionExpression": "holder = :me", "ExpressionAttributeValues": MINE}),
        ("Read the lease", {"ConsistentRead": True}),
        (
            "Last release",
            {
                "KeyConditionExpression": "endpoint = :endpoint AND begins_with(outcome_at, :released)",
                "ScanIndexForward": False,
                "ConsistentRead": True,
                "Limit": 1,
            },
        ),
        (
            "Newest entry",
            {
                "KeyConditionExpression": "endpoint = :endpoint",
                "ScanIndexForward": False,
                "ConsistentRead": True,
                "Limit": 1,
            },
        ),
        ("Newest approved package", {"ModelApprovalStatus": "Approved", **NEWEST_FIRST}),
        ("Next page of packages", {"ModelApprovalStatus": "Approved", **NEWEST_FIRST}),
        ("Check the artifact", {"ChecksumMode": "ENABLED"}),
        ("Make the model", {"EnableNetworkIsolation": True, "ExecutionRoleArn": "${ServingRoleArn}"}),
        (
            "Make the configuration",
            {
                "KmsKeyId": "${EndpointKeyArn}",
                "MetricsConfig": {"EnableEnhancedMetrics": False, "EnableDetailedObservability": False},
            },
        ),
        (
            "Update the endpoint",
            {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties.$": "$.not_retained"},
        ),
        ("Reject the package", {"ModelApprovalStatus": "Rejected"}),
        ("Write the ledger", {"ConditionExpression": "attribute_not_exists(endpoint)"}),
    ],
)
def test_what_the_release_machine_asks_for(state: str, wanted: dict[str, Any]) -> None:
    given = RELEASE[state]["Parameters"]
    assert {name: given.get(name) for name in wanted} == wanted


def test_all_traffic_goes_to_the_one_variant_and_what_comes_and_goes_is_captured_under_the_data_s_key() -> None:
    given = RELEASE["Make the configuration"]["Parameters"]
    (variant,) = given["ProductionVariants"]
    assert variant["InitialVariantWeight"] == 1
    capture = given["DataCaptureConfig"]
    assert capture["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    assert capture["KmsKeyId"] == "${CaptureKeyArn}"


def test_a_ledger_entry_names_the_digests_of_what_it_is_about() -> None:
    item = RELEASE["Write the ledger"]["Parameters"]["Item"]
    for digest in ("model_digest", "image_digest", "code_digest", "workload_digest", "artifact_sha256"):
        assert item[digest] == {"S.$": f"$.package.{digest}"}
        assert f"{digest}.$" in RELEASE["Know the package"]["Parameters"]


@pytest.mark.parametrize("state", ["List what is pending", "List the next page"])
def test_the_approver_looks_at_what_is_pending_newest_first(state: str) -> None:
    given = APPROVER[state]["Parameters"]
    wanted = {"ModelApprovalStatus": "PendingManualApproval", **NEWEST_FIRST}
    assert {name: given[name] for name in wanted} == wanted


def test_the_approver_approves_one_after_the_other_and_tells_one_from_several() -> None:
    assert APPROVER["Approve"]["Parameters"]["ModelApprovalStatus"] == "Approved"
    assert APPROVER["Decide on each"]["MaxConcurrency"] == 1
    assert APPROVER["Begin"]["Parameters"]["one"] is True
    assert APPROVER["Several"]["Result"] is False
    assert APPROVER["Several"]["ResultPath"] == "$.one"


AT_FIRST: dict[str, Any] = {
    "$.by_hand": False,
    "$.floor": 0,
    "$.stage": "before",
    "$.tally": {"lease_tries": 0, "looks": 0, "calm": 0, "shows": False},
    "$.reads": {"count": 0},
    "$.policy": {"version": 0},
    "$.last": {"package": "", "package_version": 0, "floor": 0, "config": "", "policy_version": 0},
    "$.newest": {"arn": "", "version": 0},
    "$.package": {
        "version": 0,
        **dict.fromkeys(("model_digest", "image_digest", "code_digest", "workload_digest", "artifact_sha256"), ""),
    },
    "$.unnamed": {"code_digest": "", "workload_digest": ""},
}


@pytest.mark.parametrize("path", AT_FIRST)
def test_a_release_begins_with_nothing_known_and_nothing_counted(path: str) -> None:
    assert at(RELEASE["Begin"]["Parameters"], path) == AT_FIRST[path]


ONE_MORE_LOOK, ONE_MORE_CALM = "States.MathAdd($.tally.looks, 1)", "States.MathAdd($.tally.calm, 1)"


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (
            "Count the try",
            {"lease_tries.$": "States.MathAdd($.tally.lease_tries, 1)", "looks": 0, "calm": 0, "shows": False},
        ),
        ("Count the look before", {"lease_tries": 0, "looks.$": ONE_MORE_LOOK, "calm": 0, "shows": False}),
        ("Start counting", {"lease_tries": 0, "looks": 0, "calm": 0, "shows": False}),
        ("It shows", {"lease_tries": 0, "looks.$": "$.tally.looks", "calm": 0, "shows": True}),
        (
            "Count the calm look",
            {"lease_tries": 0, "looks.$": "$.tally.looks", "calm.$": ONE_MORE_CALM, "shows": True},
        ),
        (
            "Count the look",
            {
                "lease_tries": 0,
                "looks.$": ONE_MORE_LOOK,
                "calm.$": "$.tally.calm",
                "shows.$": "$.tally.shows",
            },
        ),
    ],
)
def test_each_counter_adds_to_its_own_number_and_starts_or_keeps_the_others(state: str, wanted: dict[str, Any]) -> None:
    found = RELEASE[state]
    assert found.get("Parameters", found.get("Result")) == wanted
    assert found["ResultPath"] == "$.tally"


def test_who_names_a_package_releases_by_hand() -> None:
    assert (RELEASE["By hand"]["Result"], RELEASE["By hand"]["ResultPath"]) == (True, "$.by_hand")
