"""Each thing that a package must say before it is approved, taken away or changed alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.release.local import GROUP, Platform

MUST = ("gates", "model_digest", "artifact_sha256", "dataset_version", "code_digest", "image_digest")


def variant(
    platform: Platform, changed: dict[str, str | None], container: dict[str, Any] | None = None, *, one: bool = True
) -> str:
    """Register what passed every gate, but for some of its metadata; return the package's ARN."""
    good = platform.package(platform.register("good", approved=False))
    metadata = {
        name: value for name, value in {**good["CustomerMetadataProperties"], **changed}.items() if value is not None
    }
    made = platform.client("sagemaker").create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties=metadata,
        **(
            {
                "InferenceSpecification": {
                    "Containers": [{**good["InferenceSpecification"]["Containers"][0], **(container or {})}],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                }
            }
            if one
            else {}
        ),
    )
    return str(made["ModelPackageArn"])


def decided(platform: Platform, package: str) -> tuple[str, str, str]:
    """Let the approver decide; return how it ended, why, and the package's approval."""
    ended = platform.run_approver(model_package_arn=package)
    return ended.status, ended.cause or "", str(platform.package(package)["ModelApprovalStatus"])


def test_what_is_changed_in_nothing_is_approved(platform: Platform) -> None:
    assert decided(platform, variant(platform, {})) == ("SUCCEEDED", "", "Approved")


@pytest.mark.parametrize("missing", MUST)
def test_what_lacks_one_thing_stays_pending(platform: Platform, missing: str) -> None:
    status, cause, approval = decided(platform, variant(platform, {missing: None}))
    assert (status, approval) == ("FAILED", "PendingManualApproval")
    assert ("must have the metadata gates = passed" in cause) is (missing == "gates")
    assert ("must carry model_digest, artifact_sha256" in cause) is (missing != "gates")


@pytest.mark.parametrize("gates", ["failed", "", "Passed", "passed "])
def test_what_did_not_pass_stays_pending(platform: Platform, gates: str) -> None:
    status, cause, approval = decided(platform, variant(platform, {"gates": gates or " "}))
    assert (status, approval) == ("FAILED", "PendingManualApproval")
    assert "must have the metadata gates = passed" in cause


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, None])
def test_what_serves_another_model_than_was_evaluated_stays_pending(platform: Platform, digest: str | None) -> None:
    environment = {} if digest is None else {"HEADRACE_MODEL_DIGEST": digest}
    status, cause, approval = decided(platform, variant(platform, {}, {"Environment": environment}))
    assert (status, approval) == ("FAILED", "PendingManualApproval")
    assert "its container HEADRACE_MODEL_DIGEST equal to model_digest" in cause


def test_what_holds_no_container_stays_pending(platform: Platform) -> None:
    status, _, approval = decided(platform, variant(platform, {}, one=False))
    assert (status, approval) == ("FAILED", "PendingManualApproval")


@pytest.mark.parametrize("said", [1, {"arn": "x"}, None])
def test_a_request_that_names_no_package_is_refused(platform: Platform, said: object) -> None:
    ended = platform.run_approver(model_package_arn=said)
    assert (ended.status, ended.error) == ("FAILED", "BadRequest")


def test_a_package_that_is_not_there_is_said_so(platform: Platform) -> None:
    package = variant(platform, {})
    gone = f"{package.rpartition('/')[0]}/9999"
    ended = platform.run_approver(model_package_arn=gone)
    assert (ended.status, ended.error) == ("FAILED", "LeftPending")
    assert f"{gone} could not be read" in ended.cause


def test_an_event_is_about_the_package_that_it_names(platform: Platform) -> None:
    waiting, named = variant(platform, {}), variant(platform, {})
    ended = platform.run_approver(detail={"ModelPackageArn": named})
    assert [one["model_package_arn"] for one in ended.output["decided"]] == [named]
    assert platform.package(named)["ModelApprovalStatus"] == "Approved"
    assert platform.package(waiting)["ModelApprovalStatus"] == "PendingManualApproval"
