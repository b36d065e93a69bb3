"""Each Choice of the approver, one step to each side of its rules."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from components import approver
from tests.components.choices import put, way

_WHOLE: dict[str, Any] = json.loads(approver.DEFINITION.read_text())["States"]
STATES = {**_WHOLE, **_WHOLE["Decide on each"]["ItemProcessor"]["States"]}
Data = dict[str, Any]
ASKED: Data = {"ask": {"it": {"model_package_arn": "", "detail": {}}}}
MUST = ("model_digest", "artifact_sha256", "dataset_version", "code_digest", "image_digest")
METADATA = "$.read.it.CustomerMetadataProperties"
PASSED: Data = {
    "read": {
        "it": {
            "CustomerMetadataProperties": {"gates": "passed", **dict.fromkeys(MUST, "d")},
            "InferenceSpecification": {"Containers": [{}]},
        }
    }
}
NAMED: Data = {
    "read": {
        "container": {"Environment": {"HEADRACE_MODEL_DIGEST": "d"}},
        "it": {"CustomerMetadataProperties": {"model_digest": "d"}},
    }
}


def lacking(name: str) -> Data:
    """Return the metadata without one of them."""
    whole: Data = PASSED["read"]["it"]["CustomerMetadataProperties"]
    return {key: value for key, value in whole.items() if key != name}


CASES: list[tuple[str, Data, Data, str]] = [
    ("Which packages?", ASKED, {}, "List what is pending"),
    ("Which packages?", ASKED, {"$.ask.it.model_package_arn": 7}, "Bad request"),
    ("Which packages?", ASKED, {"$.ask.it.model_package_arn": "a"}, "The one asked for"),
    ("Which packages?", ASKED, {"$.ask.it.detail.ModelPackageArn": "a"}, "The one that the event names"),
    ("Is there another page?", {"found": {"it": {"NextToken": "n"}}}, {}, "List the next page"),
    ("Is there another page?", {"found": {"it": {}}}, {}, "All that were found"),
    ("Is it a package of ours?", {"arn": "${PackageArns}"}, {}, "Read the package"),
    ("Is it a package of ours?", {"arn": "other"}, {}, "Other group"),
    ("Is it pending?", {"read": {"it": {"ModelApprovalStatus": "PendingManualApproval"}}}, {}, "Did it pass?"),
    ("Is it pending?", {"read": {"it": {"ModelApprovalStatus": "Approved"}}}, {}, "Decided already"),
    ("Is it pending?", {"read": {"it": {"ModelApprovalStatus": "Rejected"}}}, {}, "Decided already"),
    ("Did it pass?", PASSED, {}, "Unwrap the container"),
    ("Did it pass?", PASSED, {METADATA: lacking("gates")}, "Gates not passed"),
    ("Did it pass?", PASSED, {f"{METADATA}.gates": "failed"}, "Gates not passed"),
    *(("Did it pass?", PASSED, {METADATA: lacking(name)}, "Incomplete") for name in MUST),
    ("Did it pass?", PASSED, {"$.read.it.InferenceSpecification.Containers": []}, "Incomplete"),
    ("Does it name its model?", NAMED, {}, "Approve"),
    ("Does it name its model?", NAMED, {"$.read.container.Environment": {}}, "Incomplete"),
    ("Does it name its model?", NAMED, {"$.read.container.Environment.HEADRACE_MODEL_DIGEST": "e"}, "Incomplete"),
    ("One or several?", {"one": True}, {}, "Unwrap the one"),
    ("One or several?", {"one": False}, {}, "Done"),
    ("Is it left pending?", {"decision": {"it": {"outcome": "left_pending"}}}, {}, "Left pending"),
    ("Is it left pending?", {"decision": {"it": {"outcome": "approved"}}}, {}, "Done"),
]


@pytest.mark.parametrize(("name", "data", "changes", "wanted"), CASES)
def test_a_choice_goes_the_way_that_its_data_say(name: str, data: Data, changes: Data, wanted: str) -> None:
    given = copy.deepcopy(data)
    for path, value in changes.items():
        put(given, path, value)
    assert way(STATES[name], given) == wanted


def test_every_choice_is_tried() -> None:
    assert {name for name, *_ in CASES} == {name for name, state in STATES.items() if state["Type"] == "Choice"}
