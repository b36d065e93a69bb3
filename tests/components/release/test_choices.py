"""Each Choice of the release machine, one step to each side of its rules."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from components.release import release
from tests.components.choices import ChoiceError, put, way

STATES: dict[str, Any] = json.loads(release.DEFINITION.read_text())["States"]
OLD, NOW, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
GONE = object()
Data = dict[str, Any]

IMAGE, URL = "r/i@sha256:1", "s3://bucket/packages/f/1/model.tar.gz"
COMPLETE: Data = {
    "read": {
        "container": {"Image": IMAGE, "ModelDataUrl": URL, "Environment": {"HEADRACE_MODEL_DIGEST": "d"}},
        "it": {"CustomerMetadataProperties": {"model_digest": "d", "artifact_sha256": "s"}},
    }
}
AS_ASKED: Data = {
    "config": {"variant": {"ModelName": "m", "VariantName": "v", "InstanceType": "t", "InitialInstanceCount": 2}},
    "model": {
        "container": {"Image": IMAGE, "ModelDataUrl": URL, "Environment": {"HEADRACE_MODEL_DIGEST": "d"}},
        "role": "r",
        "isolated": True,
    },
    "target": {"model": "m"},
    "policy": {"it": {"variant_name": "v", "instance_type": "t", "instance_count": 2}},
    "package": {"image": IMAGE, "url": URL, "model_digest": "d"},
    "names": {"role": "r"},
}
UPDATED: Data = {
    "seen": {"it": {"EndpointStatus": "InService", "EndpointConfigName": "new", "LastModifiedTime": NOW}},
    "previous": {"modified": NOW},
    "target": {"config": "new"},
    "tally": {"shows": True, "looks": 3},
    "limits": {"unseen_looks": 4},
}
LIMITS = {"quick_looks": 2, "looks": 5, "lease_tries": 5, "reads": 3, "calm_looks": 2, "stale_looks": 4}
ASKED: Data = {"ask": {"it": {"model_package_arn": "", "reason": "", "requested_by": "p", "detail-type": ""}}}
LEASE: Data = {"tally": {"lease_tries": 5}, "limits": LIMITS, "by_hand": False}
SETTLED: Data = {"seen": {"it": {"EndpointStatus": "InService"}}}
WHICH: Data = {"by_hand": False, "newest": {"version": 3}, "last": {"floor": 3, "package": "p"}}
APPROVED: Data = {"read": {"it": {"ModelApprovalStatus": "x"}}, "reads": {"count": 3}, "limits": LIMITS}
ONE: Data = {"read": {"it": {"InferenceSpecification": {"Containers": [1]}}}}
BACK: Data = {
    "seen": {"it": {"LastModifiedTime": NEW}},
    "previous": {"modified": NOW},
    "tally": {"calm": 2},
    "limits": LIMITS,
}
FAR: Data = {
    "stage": "before",
    "previous": {"config": "c"},
    "target": {"config": "c"},
    "last": {"config": "c", "policy_version": 1},
    "policy": {"version": 1},
}
SAME: Data = {
    "found": {"items": [{"error": {"S": "e"}, "package": {"S": "p"}}]},
    "result": {"error": "e"},
    "wanted": {"arn": "p"},
}
NEWS: Data = {"by_hand": False, "result": {"outcome": "failed"}}
TELL: Data = {"result": {"outcome": "failed"}, "topic": "t"}
ERROR: Data = {"error": {"Error": "e", "Cause": "c"}}
WELL, SURE = "Is the request well formed?", "Is it what was asked for?"
CAME, MISSING = "What came of it?", "Is it missing?"
READ_AGAIN: Data = {"ask": {"it": {"requested_by": "event"}}, "reads": {"count": 2}, "limits": LIMITS}

# the state, what it is given, what is changed in that (paths to values), and the state that follows
CASES: list[tuple[str, Data, Data, str]] = [
    (WELL, ASKED, {}, "Take the lease"),
    *(
        (WELL, ASKED, {f"$.ask.it.{name}": 7}, "Bad request")
        for name in ("model_package_arn", "reason", "requested_by")
    ),
    (WELL, ASKED, {"$.ask.it.model_package_arn": "a"}, "By hand"),
    (WELL, ASKED, {"$.ask.it['detail-type']": "E"}, "An event"),
    (WELL, ASKED, {"$.ask.it['detail-type']": "E", "$.ask.it.reason": "r"}, "Take the lease"),
    (WELL, ASKED, {"$.ask.it['detail-type']": 7}, "Take the lease"),
    ("Is the lease still there?", {"lease": {"it": {"Item": {"holder": {"S": "h"}}}}}, {}, "Look at the holder"),
    ("Is the lease still there?", {"lease": {"it": {}}}, {}, "Count the try"),
    ("Does the holder run?", {"holder": {"status": "RUNNING"}}, {}, "Count the try"),
    ("Does the holder run?", {"holder": {"status": "PENDING_REDRIVE"}}, {}, "Count the try"),
    ("Does the holder run?", {"holder": {"status": "FAILED"}}, {}, "Take the lease over"),
    ("Try again?", LEASE, {"$.tally.lease_tries": 1}, "Wait a moment for the lease"),
    ("Try again?", LEASE, {"$.tally.lease_tries": 2}, "Wait for the lease"),
    ("Try again?", LEASE, {"$.tally.lease_tries": 4}, "Wait for the lease"),
    ("Try again?", LEASE, {}, "Left to the holder"),
    ("Try again?", LEASE, {"$.by_hand": True}, "Busy"),
    ("Is the endpoint settled?", SETTLED, {}, "Remember what serves"),
    ("Is the endpoint settled?", SETTLED, {"$.seen.it.PendingDeploymentSummary": {}}, "Count the look before"),
    ("Is the endpoint settled?", SETTLED, {"$.seen.it.EndpointStatus": "Updating"}, "Count the look before"),
    *(
        ("Is the endpoint settled?", SETTLED, {"$.seen.it.EndpointStatus": status}, "Endpoint needs a person")
        for status in ("Failed", "UpdateRollbackFailed", "OutOfService", "Deleting")
    ),
    ("Look again before?", {"tally": {"looks": 1}, "limits": LIMITS}, {}, "Wait a moment before"),
    ("Look again before?", {"tally": {"looks": 2}, "limits": LIMITS}, {}, "Wait before"),
    ("Look again before?", {"tally": {"looks": 4}, "limits": LIMITS}, {}, "Wait before"),
    ("Look again before?", {"tally": {"looks": 5}, "limits": LIMITS}, {}, "Timed out"),
    ("How long to wait?", {"tally": {"looks": 1}, "limits": LIMITS}, {}, "Wait a moment"),
    ("How long to wait?", {"tally": {"looks": 2}, "limits": LIMITS}, {}, "Wait"),
    ("How long to wait?", {"tally": {"looks": 4}, "limits": LIMITS}, {}, "Wait"),
    ("How long to wait?", {"tally": {"looks": 5}, "limits": LIMITS}, {}, "Timed out"),
    ("Was there one?", {"found": {"count": 1}}, {}, "Unwrap the last release"),
    ("Was there one?", {"found": {"count": 0}}, {}, "Newest approved package"),
    ("Is there one?", {"approved": {"it": {"ModelPackageSummaryList": [1]}}}, {}, "Unwrap the newest"),
    (
        "Is there one?",
        {"approved": {"it": {"ModelPackageSummaryList": [], "NextToken": "n"}}},
        {},
        "Next page of packages",
    ),
    ("Is there one?", {"approved": {"it": {"ModelPackageSummaryList": []}}}, {}, "Keep the floor"),
    ("Is it above the floor?", WHICH, {"$.newest.version": 4}, "Raise the floor"),
    ("Is it above the floor?", WHICH, {}, "Keep the floor"),
    ("Which package?", WHICH, {}, "The one released last"),
    ("Which package?", WHICH, {"$.newest.version": 4}, "The newest"),
    ("Which package?", WHICH, {"$.by_hand": True, "$.newest.version": 4}, "The one asked for"),
    ("Which package?", WHICH, {"$.last.package": ""}, "Nothing approved yet"),
    ("Read again?", READ_AGAIN, {}, "Count the read"),
    ("Read again?", READ_AGAIN, {"$.reads.count": 3}, "Give the lease back"),
    ("Read again?", READ_AGAIN, {"$.ask.it.requested_by": "p"}, "Give the lease back"),
    ("Is it a package of ours?", {"wanted": {"arn": "${PackageArns}"}}, {}, "Read the package"),
    ("Is it a package of ours?", {"wanted": {"arn": "other"}}, {}, "Other group"),
    ("Is it approved?", APPROVED, {}, "Not approved"),
    ("Is it approved?", APPROVED, {"$.read.it.ModelApprovalStatus": "Rejected"}, "Not approved"),
    ("Is it approved?", APPROVED, {"$.reads.count": 2}, "Count the read of the package"),
    ("Is it approved?", APPROVED, {"$.read.it.ModelApprovalStatus": "Approved"}, "Has it one container?"),
    ("Has it one container?", ONE, {}, "Unwrap the container"),
    ("Has it one container?", ONE, {"$.read.it.InferenceSpecification.Containers": []}, "Incomplete"),
    ("Has it one container?", ONE, {"$.read.it.InferenceSpecification.Containers": [1, 2]}, "Incomplete"),
    ("Is it complete?", COMPLETE, {}, "Take it apart"),
    *(
        ("Is it complete?", COMPLETE, {path: value}, "Incomplete")
        for path, value in {
            "$.read.container.ModelDataUrl": GONE,
            "$.read.container.Environment.HEADRACE_MODEL_DIGEST": GONE,
            "$.read.it.CustomerMetadataProperties.model_digest": GONE,
            "$.read.it.CustomerMetadataProperties.artifact_sha256": GONE,
        }.items()
    ),
    ("Is it complete?", COMPLETE, {"$.read.container.Image": GONE}, "Incomplete"),
    ("Is it complete?", COMPLETE, {"$.read.container.Image": "r/i:latest"}, "Incomplete"),
    ("Is it complete?", COMPLETE, {"$.read.container.ModelDataUrl": "s3://bucket/model.tar.gz"}, "Incomplete"),
    ("Is it complete?", COMPLETE, {"$.read.it.CustomerMetadataProperties.model_digest": "e"}, "Incomplete"),
    ("Is the artifact ours?", {"package": {"url": "u", "own_url": "u"}}, {}, "Check the artifact"),
    ("Is the artifact ours?", {"package": {"url": "u", "own_url": "o"}}, {}, "Incomplete"),
    (MISSING, ERROR, {}, "Broken"),
    (MISSING, ERROR, {"$.error.Error": "S3.NoSuchKeyException"}, "Artifact missing"),
    *((MISSING, ERROR, {"$.error.Cause": f"a {said} b"}, "Artifact missing") for said in ("404", "Not Found")),
    *(
        (MISSING, ERROR, {"$.error.Cause": f"a {said} b"}, "Artifact not readable")
        for said in ("403", "Forbidden", "Access Denied")
    ),
    ("Has it a checksum?", {"head": {"it": {"ChecksumSHA256": "s"}}}, {}, "Keep the checksum"),
    ("Has it a checksum?", {"head": {"it": {}}}, {}, "No checksum"),
    (
        "Is it the registered artifact?",
        {"head": {"found": "s"}, "package": {"artifact_sha256": "s"}},
        {},
        "Name the target",
    ),
    (
        "Is it the registered artifact?",
        {"head": {"found": "t"}, "package": {"artifact_sha256": "s"}},
        {},
        "Digest mismatch",
    ),
    ("Is it live already?", FAR, {}, "Read the configuration"),
    ("Is it live already?", FAR, {"$.previous.config": "b"}, "Is the model there?"),
    (SURE, AS_ASKED, {}, "How far?"),
    *(
        (SURE, AS_ASKED, {path: value}, "Not as asked")
        for path, value in {
            "$.config.variant.ModelName": "x",
            "$.config.variant.VariantName": "x",
            "$.config.variant.InstanceType": "x",
            "$.config.variant.InitialInstanceCount": 3,
            "$.model.container.Image": "x",
            "$.model.container.ModelDataUrl": "x",
            "$.model.container.Environment.HEADRACE_MODEL_DIGEST": "x",
            "$.model.role": "x",
            "$.model.isolated": False,
        }.items()
    ),
    (SURE, AS_ASKED, {"$.model.container.Environment.HEADRACE_MODEL_DIGEST": GONE}, "Not as asked"),
    ("How far?", FAR, {"$.stage": "after"}, "Released"),
    ("How far?", FAR, {}, "Nothing to do"),
    ("How far?", FAR, {"$.last.config": "b"}, "Found released"),
    ("How far?", FAR, {"$.previous.config": "b"}, "Keep the scaled counts"),
    ("How far?", FAR, {"$.previous.config": "b", "$.policy.version": 2}, "Apply the policy's counts"),
    ("Did it go back?", BACK, {}, "Is there a reason?"),
    ("Did it go back?", BACK, {"$.tally.calm": 1}, "Count the look"),
    ("Did it go back?", BACK, {"$.seen.it.LastModifiedTime": NOW, "$.tally.calm": 3}, "Count the look"),
    ("Did it go back?", BACK, {"$.seen.it.LastModifiedTime": NOW, "$.tally.calm": 4}, "Is there a reason?"),
    ("Is there a reason?", {"seen": {"it": {"FailureReason": "r"}}}, {}, "The reason given"),
    ("Is there a reason?", {"seen": {"it": {}}}, {}, "No reason given"),
    *(
        (CAME, UPDATED, {"$.seen.it.EndpointStatus": status}, "Endpoint needs a person")
        for status in ("Failed", "UpdateRollbackFailed", "OutOfService", "Deleting")
    ),
    (CAME, UPDATED, {"$.seen.it.EndpointStatus": "Updating"}, "It shows"),
    (CAME, UPDATED, {"$.seen.it.PendingDeploymentSummary": {}}, "It shows"),
    (CAME, UPDATED, {}, "Verify"),
    (CAME, UPDATED, {"$.tally.shows": False, "$.seen.it.LastModifiedTime": NEW}, "Verify"),
    (CAME, UPDATED, {"$.tally.shows": False}, "Count the look"),
    (CAME, UPDATED, {"$.tally.shows": False, "$.tally.looks": 4}, "Update not seen"),
    (CAME, UPDATED, {"$.seen.it.EndpointConfigName": "old"}, "Count the calm look"),
    (
        CAME,
        UPDATED,
        {"$.seen.it.EndpointConfigName": "old", "$.tally.shows": False, "$.seen.it.LastModifiedTime": NEW},
        "It shows",
    ),
    *(
        ("Whose fault?", {"rollback": {"reason": f"the {said} was"}}, {}, "Infrastructure failed")
        for said in ("Capacity", "quota", "LimitExceeded", "Throttling", "Internal error")
    ),
    *(
        ("Whose fault?", {"rollback": {"reason": f"the {said} was"}}, {}, "Infrastructure failed")
        for said in ("not authorized", "AccessDenied", "Service Unavailable")
    ),
    *(
        # what a container or an alarm says counts before what else is said
        ("Whose fault?", {"rollback": {"reason": f"{said}, quota"}}, {}, "Reject the package")
        for said in ("health check", "an alarm", "Alarm a")
    ),
    ("Whose fault?", {"rollback": {"reason": "it did not start"}}, {}, "Reject the package"),
    ("Is it news?", NEWS, {}, "Newest entry"),
    ("Is it news?", NEWS, {"$.result.outcome": "refused"}, "Newest entry"),
    ("Is it news?", NEWS, {"$.result.outcome": "released"}, "Write the ledger"),
    ("Is it news?", NEWS, {"$.by_hand": True}, "Write the ledger"),
    ("Does it say the same?", SAME, {}, "Give the lease back"),
    ("Does it say the same?", SAME, {"$.found.items": []}, "Write the ledger"),
    ("Does it say the same?", SAME, {"$.result.error": "f"}, "Write the ledger"),
    ("Does it say the same?", SAME, {"$.wanted.arn": "q"}, "Write the ledger"),
    ("Is there anybody to tell?", TELL, {}, "Tell people"),
    ("Is there anybody to tell?", TELL, {"$.result.outcome": "released"}, "Give the lease back"),
    ("Is there anybody to tell?", TELL, {"$.topic": ""}, "Give the lease back"),
    ("How did it end?", {"result": {"error": ""}}, {}, "Done"),
    ("How did it end?", {"result": {"error": "e"}}, {}, "Not released"),
]


@pytest.mark.parametrize(("name", "data", "changes", "wanted"), CASES)
def test_a_choice_goes_the_way_that_its_data_say(name: str, data: Data, changes: Data, wanted: str) -> None:
    given = copy.deepcopy(data)
    for path, value in changes.items():
        put(given, path, value)
    assert way(STATES[name], without(given)) == wanted


def without(data: Any) -> Any:
    """Leave out what is gone."""
    return {key: without(value) for key, value in data.items() if value is not GONE} if isinstance(data, dict) else data


def test_every_choice_is_tried() -> None:
    assert {name for name, *_ in CASES} == {name for name, state in STATES.items() if state["Type"] == "Choice"}


def test_a_comparison_with_nothing_ends_the_execution() -> None:
    with pytest.raises(ChoiceError, match="is not there"):
        way(STATES["How did it end?"], {"result": {}})
