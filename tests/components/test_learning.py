"""Feature store, tracking, registry and pipeline: what they are, and what they let others do."""

from __future__ import annotations

from typing import Any

import pytest

from components.features import Entity, FeatureStore, FeatureStoreArgs
from components.registry import Registry, RegistryArgs
from components.service_role import ServiceRole, ServiceRoleArgs
from components.tracking import Tracking, TrackingArgs
from components.training_pipeline import PipelineRoleArgs, TrainingPipeline, TrainingPipelineArgs, pipeline_role
from tests.components.parts import keys, lake, options
from tests.components.recording import ACCOUNT, REGION, Recording, record

AIRCRAFT = Entity(
    record_identifier="tail",
    event_time="event_time",
    features={"tail": "String", "event_time": "String", "delay": "Fractional"},
    description="An aircraft",
)
STACK = {"headrace:stack": "test"}
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
POLICY = "aws:iam/rolePolicy:RolePolicy"


@pytest.fixture(scope="module")
def recording() -> Recording:
    def program() -> None:
        place, opts = options()
        known = keys(place, opts)
        waters = lake(place, opts, known)
        store = FeatureStore(
            "features",
            FeatureStoreArgs(
                place=place,
                name_prefix="headrace-test",
                entities={"aircraft": AIRCRAFT},
                key_arn=known.data_arn,
                tags=STACK,
            ),
            opts,
        )
        tracking = Tracking(
            "tracking", TrackingArgs(place=place, server_name="test", artifacts=waters.artifacts, tags=STACK), opts
        )
        registry = Registry("registry", RegistryArgs(place=place, group_name="Test"), opts)
        statements = [*store.record_statements(), *tracking.log_statements(), *registry.register_statements()]
        statements += waters.artifacts.write_statements("test/")
        job = ServiceRole(
            "job",
            ServiceRoleArgs(service="sagemaker.amazonaws.com", duty="A job", place=place, statements=statements),
            opts,
        )
        steering = pipeline_role(
            "pipeline",
            PipelineRoleArgs(
                place=place,
                job_prefix="test--",
                job_roles=[job],
                volume_key_arn=known.data_arn,
                statements=waters.curated.read_statements("test/"),
            ),
            opts,
        )
        pipeline = TrainingPipeline(
            "training",
            TrainingPipelineArgs(pipeline_name="test", description="A test", role_arn=steering.arn, definition="{}"),
            opts,
        )
        store.sweep(registry, pipeline)

    return record(program)


def statements(recording: Recording, role: str, action: str) -> list[dict[str, Any]]:
    """The statements of a role's policy that are about an action."""
    return [found for found in recording.policy(POLICY, f"{role}-policy") if action in found["Action"]]


def test_a_feature_group_has_an_online_store_under_a_customer_key(recording: Recording) -> None:
    group = recording.one("pulumi-python:dynamic/features:FeatureGroup", "features-aircraft").inputs
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/keys-data-0000000"
    assert group["base_name"] == "headrace-test-aircraft"
    assert group["onlineStoreConfig"] == {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": key}}
    assert [definition["featureName"] for definition in group["featureDefinitions"]] == ["tail", "event_time", "delay"]
    assert group["tags"] == {**STACK, "headrace:made-by": "feature-store"}


def test_only_groups_of_this_store_are_swept(recording: Recording) -> None:
    sweeper = recording.one("pulumi-python:dynamic/features:FeatureGroupSweeper", "features-sweeper").inputs
    assert sweeper["name_prefix"] == "headrace-test-"
    assert sweeper["tags"] == {**STACK, "headrace:made-by": "feature-store"}
    assert sweeper["group_names"] == {"aircraft": "headrace-test-aircraft"}
    assert (sweeper["model_package_group_name"], sweeper["pipeline_name"]) == ("Test", "test")


def test_records_are_put_into_the_groups_of_this_store_only(recording: Recording) -> None:
    (putting,) = statements(recording, "job", "sagemaker:BatchWriteRecord")
    assert putting["Resource"] == f"{SAGEMAKER}:feature-group/headrace-test-aircraft"


def test_the_group_of_packages_says_nothing_that_could_not_be_changed(recording: Recording) -> None:
    group = recording.one("aws:sagemaker/modelPackageGroup:ModelPackageGroup", "registry-group")
    assert group.inputs == {"modelPackageGroupName": "Test"}
    assert group.ignored == ("modelPackageGroupDescription",)  # what an earlier program wrote stays


def test_the_tracking_server_registers_no_models(recording: Recording) -> None:
    server = recording.one("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer", "tracking-server").inputs
    assert server["automaticModelRegistration"] is False
    assert server["artifactStoreUri"] == "s3://lake-artifacts-bucket-0000000/mlflow"


def test_the_tracking_servers_role_is_what_aws_prints_for_it(recording: Recording) -> None:
    """MLflow is not among what AWS lists as sending aws:SourceAccount, and looks at its bucket without a prefix."""
    (trust,) = recording.policy("aws:iam/role:Role", "tracking-server-role", "assumeRolePolicy")
    assert trust == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
    }
    looks = [
        found
        for found in recording.policy(POLICY, "tracking-server-policy")
        if {"s3:ListBucket", "s3:GetBucketLocation"} <= set(found["Action"]) and "Condition" not in found
    ]
    assert [found["Resource"] for found in looks] == ["arn:aws:s3:::lake-artifacts-bucket-0000000"]


def test_a_job_registers_pending_packages_of_its_group_only(recording: Recording) -> None:
    allowed, denied = statements(recording, "job", "sagemaker:CreateModelPackage")
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert f"{SAGEMAKER}:model-package/test/*" in allowed["Resource"]
    assert allowed["Condition"] == {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
    assert denied["Condition"] == {"StringNotEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
    (approve,) = statements(recording, "job", "sagemaker:UpdateModelPackage")
    assert (approve["Effect"], approve["Resource"]) == ("Deny", "*")


def test_the_pipeline_passes_the_jobs_roles_to_sagemaker_and_nothing_else(recording: Recording) -> None:
    (passing,) = statements(recording, "pipeline", "iam:PassRole")
    assert passing["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/job-role-0000000"
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert not statements(recording, "pipeline", "sagemaker:CreateModelPackage")
    assert not statements(recording, "pipeline", "s3:PutObject")


def test_the_pipeline_starts_stops_and_tags_its_own_jobs_only(recording: Recording) -> None:
    (jobs,) = statements(recording, "pipeline", "sagemaker:StopTrainingJob")
    assert {"sagemaker:CreateProcessingJob", "sagemaker:AddTags"} <= set(jobs["Action"])
    assert jobs["Resource"] == [f"{SAGEMAKER}:processing-job/test--*", f"{SAGEMAKER}:training-job/test--*"]


def test_a_role_serves_one_service_on_behalf_of_this_account(recording: Recording) -> None:
    (trust,) = recording.policy("aws:iam/role:Role", "pipeline-role", "assumeRolePolicy")
    assert trust == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }


def test_whoever_uses_a_role_waits_for_its_policy(recording: Recording) -> None:
    pipeline = recording.one("aws:sagemaker/pipeline:Pipeline", "training-pipeline")
    assert recording.one(POLICY, "pipeline-policy").urn in pipeline.depends_on


def test_whoever_writes_may_encrypt_with_the_buckets_key(recording: Recording) -> None:
    (encrypting,) = statements(recording, "job", "kms:Encrypt")
    assert encrypting["Resource"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/keys-model-0000000"
    assert not statements(recording, "pipeline", "kms:Encrypt")


def test_reading_a_prefix_lists_that_prefix_only(recording: Recording) -> None:
    (listing,) = statements(recording, "pipeline", "s3:ListBucket")
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["test/*"]}}
    (reading,) = statements(recording, "pipeline", "s3:GetObject")
    assert reading["Resource"] == "arn:aws:s3:::lake-curated-bucket-0000000/test/*"


def test_every_problem_of_a_feature_store_is_told_before_anything_is_registered() -> None:
    broken = Entity(
        record_identifier="tial", event_time="event_time", features={"tail": "Text"}, description="An aircraft"
    )
    told: list[str] = []

    def program() -> None:
        place, opts = options()
        known = keys(place, opts)
        args = FeatureStoreArgs(
            place=place,
            name_prefix="headrace-test",
            entities={"aircraft": broken},
            key_arn=known.data_arn,
            tags=STACK,
        )
        try:
            FeatureStore("features", args, opts)
        except ValueError as error:
            told.extend(str(error).splitlines())

    recording = record(program)
    assert told[1:] == [
        "  - `entities.aircraft.record_identifier` must be one of the entity's features, got 'tial'. "
        "Add it to `features`.",
        "  - `entities.aircraft.event_time` must be one of the entity's features, got 'event_time'. "
        "Add it to `features`.",
        "  - `entities.aircraft.features.tail` must be one of String, Integral, Fractional, got 'Text'. Choose one.",
    ]
    assert not [found for found in recording.registrations if found.name.startswith("features")]


def test_the_pipeline_runs_as_its_role(recording: Recording) -> None:
    pipeline = recording.one("aws:sagemaker/pipeline:Pipeline", "training-pipeline")
    assert pipeline.inputs["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/pipeline-role-0000000"


def test_the_tracking_server_gets_its_role_only_when_it_has_rested(recording: Recording) -> None:
    server = recording.one("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer", "tracking-server")
    rest = recording.one("pulumi-python:dynamic/security:RoleRest", "tracking-server-rest")
    assert server.sources["roleArn"] == (rest.urn,)
    assert recording.one("aws:iam/rolePolicy:RolePolicy", "tracking-server-policy").urn in rest.depends_on
