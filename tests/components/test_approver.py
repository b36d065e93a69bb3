"""The approver, run by the local cloud; and the whole way from registration to release, by events."""

from __future__ import annotations

from tests.cloud.local import eventually
from tests.components.release.local import GROUP, Platform


def status(platform: Platform, package: str) -> str:
    """A package's approval."""
    return str(platform.package(package)["ModelApprovalStatus"])


def test_a_package_that_passed_every_gate_is_approved(platform: Platform) -> None:
    package = platform.register("good", approved=False)
    ended = platform.run_approver(model_package_arn=package)
    assert ended.status == "SUCCEEDED", ended
    assert status(platform, package) == "Approved"
    assert "Every gate passed" in platform.package(package)["ApprovalDescription"]


def test_a_rejection_is_never_undone(platform: Platform) -> None:
    package = platform.register("rejected", approved=False)
    platform.reject(package)
    ended = platform.run_approver(model_package_arn=package)
    assert ended.output["decided"][0]["outcome"] == "nothing_to_do"
    assert status(platform, package) == "Rejected"


def test_another_group_is_none_of_its_business(platform: Platform) -> None:
    client = platform.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName=f"{GROUP}-other")
    package = client.create_model_package(
        ModelPackageGroupName=f"{GROUP}-other",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={"Containers": [{"Image": platform.image}]},
        CustomerMetadataProperties={"gates": "passed"},
    )["ModelPackageArn"]
    ended = platform.run_approver(model_package_arn=package)
    assert (ended.status, ended.error) == ("FAILED", "LeftPending")
    assert f"not a package of group {GROUP}" in ended.cause
    assert status(platform, package) == "PendingManualApproval"


def test_a_scheduled_run_approves_what_passed_and_leaves_the_rest(platform: Platform) -> None:
    good = [platform.register(f"lost event {number}", approved=False) for number in range(2)]
    bad = platform.register("no gates", approved=False, without=("gates",))
    ended = platform.run_approver()
    assert ended.status == "SUCCEEDED", ended
    assert {status(platform, package) for package in good} == {"Approved"}
    assert status(platform, bad) == "PendingManualApproval"
    outcomes = {decided["model_package_arn"]: decided["outcome"] for decided in ended.output["decided"]}
    assert (outcomes[good[0]], outcomes[bad]) == ("approved", "left_pending")


def test_events_lead_from_registration_to_the_released_model(platform: Platform) -> None:
    platform.triggers(enabled=True)
    try:
        package = platform.register("by events", approved=False)
        eventually(lambda: any(entry["package"] == package for entry in platform.entries()), 120)
    finally:
        platform.triggers(enabled=False)
    entry = next(entry for entry in platform.entries() if entry["package"] == package)
    assert (entry["outcome"], entry["requested_by"]) == ("released", "event")
    assert entry["reason"] == "SageMaker Model Package State Change"
    assert platform.answer() == "by events"
    eventually(lambda: platform.lease_holder() is None, 30)
