"""The release machine, run by the local cloud against endpoints that are real processes."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.endpoint import ServingPolicy
from tests.cloud.local import eventually
from tests.components.release.local import BUCKET, DATA_KEY, ENDPOINT, GROUP, PARAMETER, TAGS, Platform


def test_nothing_approved_is_nothing_to_do(platform: Platform) -> None:
    platform.register("not yet", approved=False)
    ended = platform.run_release()
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "nothing_to_do"), ended
    assert platform.endpoint()["EndpointConfigName"] == "bootstrap"
    assert platform.entries() == []
    assert platform.lease_holder() is None


def test_releases_the_newest_approved_package_and_says_so_in_the_ledger(platform: Platform) -> None:
    package = platform.register("first")
    ended = platform.run_release(reason="first model", requested_by="a test")
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "released"), ended
    assert platform.answer() == "first"
    described = platform.package(package)
    container = described["InferenceSpecification"]["Containers"][0]
    config = platform.endpoint()["EndpointConfigName"]
    assert config.startswith(f"{ENDPOINT}--v{described['ModelPackageVersion']}-p1-")
    entry = platform.entries()[-1]
    assert {name: entry[name] for name in entry if name not in ("recorded_at", "outcome_at", "finished_at")} == {
        "endpoint": ENDPOINT,
        "outcome": "released",
        "error": "",
        "cause": "",
        "package": package,
        "package_version": str(described["ModelPackageVersion"]),
        "model_digest": container["Environment"]["HEADRACE_MODEL_DIGEST"],
        "image_digest": container["Image"].partition("@")[2],
        "code_digest": "two",
        "workload_digest": "three",
        "artifact_sha256": described["CustomerMetadataProperties"]["artifact_sha256"],
        "endpoint_config": config,
        "previous_config": "bootstrap",
        "previous_package": "",
        "policy_version": "1",
        "floor_version": str(described["ModelPackageVersion"]),
        "by_hand": False,
        "reason": "first model",
        "requested_by": "a test",
        "execution": ended.arn,
        "started_at": entry["started_at"],
    }
    assert entry["started_at"] < entry["finished_at"]
    assert platform.lease_holder() is None


def test_a_package_that_names_no_workload_is_released_as_any_other(platform: Platform) -> None:
    """As those are that were packaged while the workload was in the image, and tell their container its name."""
    platform.register("earlier", without=("workload_digest", "code_digest"), HEADRACE_WORKLOAD="flights")
    ended = platform.run_release()
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "released"), ended
    assert platform.answer() == "earlier"
    entry = platform.entries()[-1]
    assert (entry["workload_digest"], entry["code_digest"]) == ("", "")


def test_what_a_release_makes_is_isolated_encrypted_and_tagged(platform: Platform) -> None:
    client = platform.client("sagemaker")
    config = client.describe_endpoint_config(EndpointConfigName=platform.endpoint()["EndpointConfigName"])
    model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert model["EnableNetworkIsolation"] is True
    assert config["KmsKeyId"].startswith("arn:aws:kms:")
    assert config["DataCaptureConfig"]["EnableCapture"] is False
    assert config["DataCaptureConfig"]["KmsKeyId"] == DATA_KEY
    assert config["MetricsConfig"] == {"EnableEnhancedMetrics": False, "EnableDetailedObservability": False}
    for arn in (config["EndpointConfigArn"], model["ModelArn"]):
        assert {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=arn)["Tags"]} == TAGS


def test_a_second_run_has_nothing_to_do(platform: Platform) -> None:
    before = platform.entries()
    ended = platform.run_release(**{"source": "aws.sagemaker", "detail-type": "x", "detail": {"ModelPackageArn": "y"}})
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "nothing_to_do"), ended
    assert platform.entries() == before


@pytest.mark.parametrize("said", [{"model_package_arn": 5}, {"reason": ["x"]}, {"requested_by": None}])
def test_a_malformed_request_is_refused_before_anything(platform: Platform, said: dict[str, object]) -> None:
    before = platform.entries()
    ended = platform.run_release(**said)
    assert (ended.status, ended.error) == ("FAILED", "BadRequest")
    assert platform.entries() == before


def test_a_package_that_is_not_approved_is_refused(platform: Platform) -> None:
    serving = platform.endpoint()["EndpointConfigName"]
    package = platform.register("unapproved", approved=False)
    ended = platform.run_release(model_package_arn=package)
    assert (ended.status, ended.error) == ("FAILED", "NotApproved")
    assert package in ended.cause
    assert "PendingManualApproval" in ended.cause
    assert platform.entries()[-1]["outcome"] == "refused"
    assert platform.endpoint()["EndpointConfigName"] == serving
    assert platform.lease_holder() is None


def test_a_package_of_another_group_is_refused(platform: Platform) -> None:
    client = platform.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName=f"{GROUP}-other")
    package = client.create_model_package(
        ModelPackageGroupName=f"{GROUP}-other",
        ModelApprovalStatus="Approved",
        InferenceSpecification={"Containers": [{"Image": platform.image}]},
    )["ModelPackageArn"]
    ended = platform.run_release(model_package_arn=package)
    assert (ended.status, ended.error) == ("FAILED", "NotApproved")
    assert platform.entries()[-1]["outcome"] == "refused"
    assert platform.lease_holder() is None


@pytest.mark.parametrize("missing", ["model_digest", "artifact_sha256"])
def test_a_package_without_its_digests_is_refused(platform: Platform, missing: str) -> None:
    package = platform.register("incomplete", without=(missing,))
    ended = platform.run_release(model_package_arn=package)
    assert (ended.status, ended.error) == ("FAILED", "IncompletePackage")
    platform.reject(package)


def test_a_replaced_artifact_ends_with_a_digest_error(platform: Platform) -> None:
    serving = platform.endpoint()["EndpointConfigName"]
    package = platform.register("honest")
    url = platform.package(package)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    key = url.removeprefix(f"s3://{BUCKET}/")
    found = platform.put_artifact(key, "forged")
    ended = platform.run_release()
    assert (ended.status, ended.error) == ("FAILED", "DigestMismatch")
    expected = platform.package(package)["CustomerMetadataProperties"]["artifact_sha256"]
    for said in (key, expected, found):
        assert said in ended.cause
    entry = platform.entries()[-1]
    assert (entry["outcome"], entry["package"], entry["error"]) == ("refused", package, "DigestMismatch")
    assert platform.endpoint()["EndpointConfigName"] == serving
    assert platform.package(package)["ModelApprovalStatus"] == "Approved"
    assert platform.lease_holder() is None
    platform.reject(package)


def test_an_unhealthy_model_is_rolled_back_and_rejected(platform: Platform) -> None:
    serving, answer = platform.endpoint()["EndpointConfigName"], platform.answer()
    package = platform.register("broken", FAULT="missing library")
    ended = platform.run_release()
    assert (ended.status, ended.error) == ("FAILED", "RolledBack"), ended
    assert "missing library" in ended.cause
    assert serving in ended.cause
    assert platform.answer() == answer
    assert platform.endpoint()["EndpointConfigName"] == serving
    rejected = platform.package(package)
    assert rejected["ModelApprovalStatus"] == "Rejected"
    assert "ledger" in rejected["ApprovalDescription"]
    entry = platform.entries()[-1]
    assert (entry["outcome"], entry["package"]) == ("rolled_back", package)
    assert platform.lease_holder() is None
    again = platform.run_release()
    assert again.output["outcome"] == "nothing_to_do"


def test_a_rollback_by_hand_is_not_undone(platform: Platform) -> None:
    older = platform.entries()[0]["package"]
    newer = platform.register("second")
    assert platform.run_release().output["outcome"] == "released"
    assert platform.answer() == "second"

    by_hand = platform.run_release(model_package_arn=older, reason="second answers nonsense", requested_by="Ada")
    assert by_hand.output["outcome"] == "released", by_hand
    assert platform.answer() == "first"
    entry = platform.entries()[-1]
    assert (entry["by_hand"], entry["previous_package"], entry["requested_by"]) == (True, newer, "Ada")

    reconciled = platform.run_release(reason="reconcile", requested_by="schedule")
    assert reconciled.output["outcome"] == "nothing_to_do", reconciled
    assert platform.answer() == "first"


def test_a_changed_policy_releases_the_live_model_again_not_the_newest(platform: Platform) -> None:
    policy = ServingPolicy(instance_count=2)
    platform.client("ssm").put_parameter(Name=PARAMETER, Value=policy.to_json(), Overwrite=True)
    ended = platform.run_release()
    assert (ended.output.get("outcome"), ended.output.get("policy_version")) == ("released", 2), ended
    assert platform.answer() == "first"
    assert "-p2-" in platform.endpoint()["EndpointConfigName"]
    assert platform.endpoint()["ProductionVariants"][0]["DesiredInstanceCount"] == 2


def test_what_is_approved_after_a_rollback_is_released_and_keeps_scaled_counts(platform: Platform) -> None:
    client = platform.client("sagemaker")
    scaled = [{"VariantName": "live", "DesiredInstanceCount": 3}]
    client.update_endpoint_weights_and_capacities(EndpointName=ENDPOINT, DesiredWeightsAndCapacities=scaled)
    platform.settled()
    platform.register("third")
    assert platform.run_release().output["outcome"] == "released"
    assert platform.answer() == "third"
    assert platform.endpoint()["ProductionVariants"][0]["DesiredInstanceCount"] == 3


def test_the_lease_of_a_dead_execution_is_taken_over(platform: Platform) -> None:
    dead = platform.run_release()
    for holder in (dead.arn, f"{dead.arn}-that-nobody-knows"):
        platform.hold_lease(holder)
        ended = platform.run_release()
        assert ended.output["outcome"] == "nothing_to_do", ended
        assert platform.lease_holder() is None


def test_a_release_that_died_before_its_entry_is_entered_by_the_next_run(platform: Platform) -> None:
    newest = platform.entries()[-1]
    key = {name: {"S": newest[name]} for name in ("endpoint", "recorded_at")}
    platform.client("dynamodb").delete_item(TableName=platform.ledger, Key=key)
    ended = platform.run_release()
    assert ended.output["outcome"] == "released", ended
    entry = platform.entries()[-1]
    assert entry["endpoint_config"] == platform.endpoint()["EndpointConfigName"] == newest["endpoint_config"]
    assert "found serving" in entry["cause"]


def test_eight_at_once_go_one_after_the_other(platform: Platform) -> None:
    older = platform.entries()[0]["package"]
    newest = platform.register("newest")
    asked = [{}, {"model_package_arn": older}, {"detail-type": "twice"}, {"detail-type": "twice"}] * 2
    with ThreadPoolExecutor(len(asked)) as pool:
        executions = list(pool.map(lambda given: platform.start_machine(platform.release, **given), asked))
    ends = [platform.ended(execution, 300) for execution in executions]
    assert {ended.status for ended in ends} == {"SUCCEEDED"}, ends
    entries = [entry for entry in platform.entries() if entry["execution"] in executions]
    assert {entry["outcome"] for entry in entries} == {"released"}
    assert {entry["package"] for entry in entries} <= {older, newest}
    for earlier, later in itertools.pairwise(entries):
        assert later["previous_config"] == earlier["endpoint_config"]
    assert platform.endpoint()["EndpointConfigName"] == entries[-1]["endpoint_config"]
    assert platform.package(entries[-1]["package"])["ModelApprovalStatus"] == "Approved"
    assert platform.lease_holder() is None


def test_who_waits_too_long_is_refused_by_hand_and_let_go_otherwise(platform: Platform) -> None:
    states = platform.client("stepfunctions")
    declared = states.describe_state_machine(stateMachineArn=platform.release)
    definition = json.loads(declared["definition"])
    definition["States"]["Begin"]["Parameters"]["limits"] |= {"lease_tries": 1, "quick_looks": 1}
    impatient = states.create_state_machine(
        name="impatient", definition=json.dumps(definition), roleArn=declared["roleArn"]
    )["stateMachineArn"]
    package = platform.register("slow")
    holder = platform.start_machine(platform.release)
    eventually(lambda: platform.lease_holder() == holder)
    by_hand = platform.start_machine(impatient, model_package_arn=package)
    hint = platform.start_machine(impatient)
    assert (platform.ended(by_hand).status, platform.ended(by_hand).error) == ("FAILED", "Busy")
    assert platform.ended(hint).output["outcome"] == "busy"
    assert platform.ended(holder).output["outcome"] == "released"
    assert [entry["execution"] for entry in platform.entries() if entry["package"] == package] == [holder]


def test_people_hear_of_what_was_not_released(platform: Platform) -> None:
    url, arn = platform.queue("heard")
    platform.client("sns").subscribe(TopicArn=platform.topic, Protocol="sqs", Endpoint=arn)
    platform.run_release(model_package_arn=platform.register("unapproved", approved=False))
    [heard] = platform.received(url)
    assert heard["Subject"] == "Release refused: NotApproved"
    assert json.dumps(heard).count(ENDPOINT) > 0


def test_what_stays_refused_is_told_once(platform: Platform) -> None:
    """The reconciler comes every few minutes; a person who asks by hand gets an entry each time."""
    url, arn = platform.queue("heard-once")
    platform.client("sns").subscribe(TopicArn=platform.topic, Protocol="sqs", Endpoint=arn)
    package = platform.register("replaced")
    key = platform.package(package)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    platform.put_artifact(key.removeprefix(f"s3://{BUCKET}/"), "forged once more")
    before = len(platform.entries())
    ends = [platform.run_release() for _ in range(3)]
    assert {ended.error for ended in ends} == {"DigestMismatch"}
    assert len(platform.entries()) == before + 1
    assert len(platform.received(url)) == 1
    platform.run_release(model_package_arn=package)
    assert len(platform.entries()) == before + 2
    platform.reject(package)
    assert platform.lease_holder() is None


def test_an_unreadable_policy_fails_and_gives_the_lease_back(platform: Platform) -> None:
    platform.client("ssm").put_parameter(Name=PARAMETER, Value="not JSON", Overwrite=True)
    ended = platform.run_release()
    assert (ended.status, ended.error) == ("FAILED", "ReleaseFailed")
    assert platform.entries()[-1]["outcome"] == "failed"
    assert platform.lease_holder() is None
