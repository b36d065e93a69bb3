"""The local environment as a whole: what it consists of, and what holds for all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.components.recording import Recording
from tests.stacks.environments import environment

SNAPSHOT = Path(__file__).with_name("local_urns.txt")
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


@pytest.fixture(scope="module")
def local() -> Recording:
    return environment("local")[0]


def test_every_resource_keeps_its_urn(local: Recording) -> None:
    """A renamed resource is destroyed and made anew: the snapshot shows every rename as a difference.

    Write it anew with: `python -m tests.stacks.test_local`.
    """
    assert sorted(found.urn for found in local.registrations) == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_every_aws_resource_uses_the_explicit_provider(local: Recording) -> None:
    assert {found.provider for found in local.aws} == {"urn:pulumi:local::headrace::pulumi:providers:aws::aws"}


def test_the_provider_refuses_other_accounts_and_tags_everything(local: Recording) -> None:
    provider = local.one("pulumi:providers:aws", "aws").inputs
    assert provider["allowedAccountIds"] == '["000000000000"]'
    assert "headrace:stack" in provider["defaultTags"]
    assert "endpoints" not in provider


def test_every_log_group_has_a_key_and_a_retention(local: Recording) -> None:
    groups = local.of("aws:cloudwatch/logGroup:LogGroup")
    assert len(groups) >= 4
    assert all(group.inputs["kmsKeyId"] and group.inputs["retentionInDays"] == 90 for group in groups)


def test_no_role_may_do_everything(local: Recording) -> None:
    for found in local.of(ROLE_POLICY):
        for statement in local.policy(found.type, found.name):
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            wide = [action for action in actions if action == "*" or re.fullmatch(r"[\w-]+:\*", action)]
            assert statement["Effect"] == "Deny" or not wide, (found.name, wide)


def test_only_the_approver_may_approve(local: Recording) -> None:
    may = set()
    for found in local.of(ROLE_POLICY):
        for statement in local.policy(found.type, found.name):
            if statement["Effect"] == "Allow" and "sagemaker:UpdateModelPackage" in statement["Action"]:
                wanted = statement["Condition"]["StringEquals"]["sagemaker:ModelApprovalStatus"]
                may.add((found.name, wanted))
    assert may == {("flights-approver-tasks-policy", "Approved"), ("flights-release-tasks-policy", "Rejected")}


def _may_write(local: Recording, role: str) -> set[str]:
    allowed = [found for found in local.policy(ROLE_POLICY, f"{role}-policy") if found["Effect"] == "Allow"]
    return {found["Resource"] for found in allowed if "s3:PutObject" in found["Action"]}


def test_the_estimators_code_can_write_a_model_and_neither_judge_nor_register_it(local: Recording) -> None:
    curated, artifacts = (f"arn:aws:s3:::lake-{kind}-bucket-0000000" for kind in ("curated", "artifacts"))
    assert _may_write(local, "flights-training-job") == {f"{curated}/flights/train/*"}
    assert _may_write(local, "flights-scoring-job") == {f"{curated}/flights/{step}/*" for step in ("score", "champion")}
    assert _may_write(local, "flights-evaluating-job") == {
        f"{curated}/flights/{step}/*" for step in ("approved", "evaluate")
    }
    assert f"{artifacts}/packages/headrace-local-flights/*" in _may_write(local, "flights-registering-job")
    may_register = {
        found.name
        for found in local.of(ROLE_POLICY)
        for statement in local.policy(found.type, found.name)
        if statement["Effect"] == "Allow" and "sagemaker:CreateModelPackage" in statement["Action"]
    }
    assert may_register == {"flights-registering-job-policy"}


def test_only_the_evaluation_reads_the_answers_of_the_holdout(local: Recording) -> None:
    """Beside those who make them and check them."""
    labels = "arn:aws:s3:::lake-curated-bucket-0000000/flights/prepare/labels/"
    readers = {
        found.name
        for found in local.of(ROLE_POLICY)
        for statement in local.policy(found.type, found.name)
        if statement["Effect"] == "Allow" and "s3:GetObject" in statement["Action"]
        if labels.startswith(str(statement["Resource"]).removesuffix("*"))
    }
    assert readers == {"flights-features-job-policy", "flights-evaluating-job-policy"}


def test_of_the_jobs_only_those_that_handle_packages_may_use_the_models_key(local: Recording) -> None:
    users = {
        found.name
        for found in local.of(ROLE_POLICY)
        for statement in local.policy(found.type, found.name)
        if found.name.endswith("-job-policy") and str(statement["Resource"]).endswith(":key/keys-model-0000000")
    }
    assert users == {"flights-evaluating-job-policy", "flights-registering-job-policy"}


def test_jobs_write_the_log_streams_of_their_own_names(local: Recording) -> None:
    groups = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker"
    written = {
        found.name.removeprefix("flights-").removesuffix("-policy"): statement["Resource"]
        for found in local.of(ROLE_POLICY)
        for statement in local.policy(found.type, found.name)
        if "logs:PutLogEvents" in statement["Action"] and found.name.endswith("-job-policy")
    }
    assert written["training-job"] == f"{groups}/TrainingJobs:log-stream:headrace-local-flights--train-*"
    assert written["scoring-job"] == [
        f"{groups}/ProcessingJobs:log-stream:headrace-local-flights--{step}-*" for step in ("score", "champion")
    ]
    assert set(written) == {f"{kind}-job" for kind in ("features", "training", "scoring", "evaluating", "registering")}


def test_nobody_may_delete_a_run(local: Recording) -> None:
    for found in local.of(ROLE_POLICY):
        for statement in local.policy(found.type, found.name):
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            tracking = {action.partition(":")[2] for action in actions if action.startswith("sagemaker-mlflow:")}
            assert not tracking or tracking == {
                *("CreateExperiment", "GetExperimentByName"),
                *("CreateRun", "GetRun", "LogBatch", "SearchRuns", "UpdateRun"),
            }


def test_no_endpoint_makes_a_log_group_without_key_and_retention(local: Recording) -> None:
    may = {
        found.name
        for found in local.of(ROLE_POLICY)
        for statement in local.policy(found.type, found.name)
        if "logs:CreateLogGroup" in statement["Action"]
    }
    jobs = {f"flights-{kind}-job-policy" for kind in ("features", "training", "scoring", "evaluating", "registering")}
    assert may == jobs


def test_the_build_may_look_whose_bucket_its_source_is_in(local: Recording) -> None:
    (looks,) = (
        found for found in local.policy(ROLE_POLICY, "image-build-policy") if "s3:GetBucketAcl" in found["Action"]
    )
    assert looks["Action"] == ["s3:GetBucketAcl", "s3:GetBucketLocation"]
    assert looks["Resource"] == "arn:aws:s3:::lake-artifacts-bucket-0000000"


def test_every_policy_fits_into_its_role(local: Recording) -> None:
    for found in local.of(ROLE_POLICY):
        assert len(re.sub(r"\s", "", found.inputs["policy"])) <= 10_240, found.name


def test_the_sweeper_of_releases_outlives_the_endpoint(local: Recording) -> None:
    endpoint = local.one("aws:sagemaker/endpoint:Endpoint", "flights-endpoint-endpoint")
    sweeper = local.one("pulumi-python:dynamic/release:ReleaseSweeper", "flights-release-sweeper")
    assert sweeper.urn in endpoint.depends_on


def test_an_endpoint_that_was_never_born_goes_before_its_configuration(local: Recording) -> None:
    """Pulumi deletes in the other order of the dependencies: the endpoint, what a failed birth left, the rest."""
    end = local.one("pulumi-python:dynamic/serving:EndpointEnd", "flights-endpoint-end")
    type_ = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    assert local.one(type_, "flights-endpoint-bootstrap-configuration").urn in end.depends_on
    assert end.urn in local.one("aws:sagemaker/endpoint:Endpoint", "flights-endpoint-endpoint").depends_on


def test_dynamic_resources_carry_the_account_that_they_may_work_in(local: Recording) -> None:
    waits = "pulumi-python:dynamic/security:RoleRest"  # and asks AWS for nothing
    kinds = [found for found in local.registrations if found.type.startswith("pulumi-python:dynamic")]
    dynamic = [found for found in kinds if found.type != waits]
    assert {found.name for found in dynamic} == {
        "flights-endpoint-birth",
        "flights-endpoint-end",
        "flights-features-aircraft",
        "flights-features-origin",
        "flights-features-route",
        "flights-features-sweeper",
        "image-image",
        "flights-package-sweeper",
        "flights-release-sweeper",
        "tracking-birth",
    }
    assert {found.inputs["account_id"] for found in dynamic} == {"111122223333"}  # as STS answers, not as configured


def test_logs_of_jobs_outlive_the_pipeline_whose_jobs_write_them(local: Recording) -> None:
    logs = [found for found in local.of("aws:cloudwatch/logGroup:LogGroup") if found.name.startswith("job-logs-")]
    assert {found.inputs["name"] for found in logs} == {
        "/aws/sagemaker/ProcessingJobs",
        "/aws/sagemaker/TrainingJobs",
    }
    (pipeline,) = local.of("aws:sagemaker/pipeline:Pipeline")
    assert {found.urn for found in logs} <= set(pipeline.depends_on)


def test_an_environment_that_shares_its_account_leaves_the_logs_of_jobs_alone() -> None:
    recording, _ = environment("dev")
    assert not [found for found in recording.registrations if found.name.startswith("job-logs")]


def test_a_person_approves_where_the_settings_say_so() -> None:
    recording, told = environment("dev", approval="manual")
    assert not [found for found in recording.registrations if found.name.startswith("flights-approver")]
    assert told["workloads"]["flights"]["approver_state_machine_arn"] is None


def test_data_outlives_an_environment_that_is_not_forced() -> None:
    recording, _ = environment("dev", force_destroy=False)
    assert {bucket.inputs["forceDestroy"] for bucket in recording.of("aws:s3/bucket:Bucket")} == {False}
    assert recording.one("aws:ecr/repository:Repository", "image-repository").inputs["forceDelete"] is False
    assert {key.inputs["deletionWindowInDays"] for key in recording.of("aws:kms/key:Key")} == {30}


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(sorted(found.urn for found in environment("local")[0].registrations)) + "\n")
