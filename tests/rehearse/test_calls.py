"""What the roles are known to do: recorded once, asked about in any environment."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from rehearse import calls
from rehearse.asking import Aws
from rehearse.checks import run
from rehearse.plan import Plan
from rehearse.recording import Normal, normal
from sandbox.cloud.settings import LOCAL_ACCOUNT
from stacks.inputs import checked
from tests.rehearse.conftest import FLIGHTS, ROOT, planned
from workloads.spec import Workload

# Roles that have nothing to do in a demo.
SILENT: dict[str, str] = {
    "{workload}-approver-look-starter-role": "the schedule's first look comes after the demo",
    "{workload}-release-policy-starter-role": "the demo changes no serving policy",
    "{workload}-release-reconciler-starter-role": "the schedule's first look comes after the demo",
}


def test_the_recording_is_of_this_program(local: Plan) -> None:
    """A role that is new, or was renamed, has to be recorded: run a demo, then `make recording`."""
    roles = {re.sub("^flights-", "{workload}-", role.name) for role in local.of("aws:iam/role:Role")}
    recorded = {call.role for call in calls.read()}
    assert recorded | SILENT.keys() == roles
    assert not recorded & SILENT.keys()


def test_the_policies_allow_everything_that_was_recorded(aws: Aws, local: Plan) -> None:
    outcomes = list(run(calls.checks(aws, local)))
    assert [str(problem) for outcome in outcomes for problem in outcome.problems] == []
    assert all(outcome.asked and outcome.said.endswith(" allowed") for outcome in outcomes), outcomes
    assert len(outcomes) > 8


def test_a_right_that_is_taken_away_is_missed(aws: Aws, local: Plan) -> None:
    def without(planned_: Any) -> Any:
        if planned_.name != "flights-features-job-policy":
            return planned_
        policy = planned_.inputs["policy"].replace("sagemaker:BatchWriteRecord", "sagemaker:GetRecord")
        return dataclasses.replace(planned_, inputs={**planned_.inputs, "policy": policy})

    poorer = dataclasses.replace(local, resources=tuple(without(found) for found in local.resources))
    problems = [str(problem) for outcome in run(calls.checks(aws, poorer)) for problem in outcome.problems]
    assert len(problems) == 3
    group = f"arn:aws:sagemaker:us-east-1:{LOCAL_ACCOUNT}:feature-group/headrace-local-flights-aircraft"
    assert problems[0].startswith(
        f"role flights-features-job-role must be allowed sagemaker:BatchWriteRecord on {group}, "
        'got "implicitDeny". Grant it in'
    )


def test_a_recording_serves_any_environment(aws: Aws) -> None:
    other = planned(approval="manual", owns_job_logs=False, training_instance_type="ml.m5.xlarge")
    outcomes = {outcome.subject: outcome for outcome in run(calls.checks(aws, other))}
    assert outcomes["calls of flights-approver-tasks-role"].said == "not in this environment"
    assert not [problem for outcome in outcomes.values() for problem in outcome.problems]


def test_what_was_recorded_of_one_workload_is_asked_about_each(aws: Aws, three: Plan) -> None:
    outcomes = {outcome.subject: outcome for outcome in run(calls.checks(aws, three))}
    assert not [str(problem) for outcome in outcomes.values() for problem in outcome.problems]
    for name in ("flights", "delays", "penguins"):
        assert outcomes[f"calls of {name}-training-job-role"].said.endswith(" allowed")
    assert "calls of image-build-role" in outcomes


def test_names_of_each_workload_become_the_programs(three: Plan) -> None:
    names = Normal(three.inputs, LOCAL_ACCOUNT, {})
    start = "arn:aws:sagemaker:{region}:{account}"
    for text, wanted in (
        ("endpoint/headrace-local-penguins", "endpoint/headrace-{environment}-{workload}"),
        ("feature-group/headrace-local-penguins-island", "feature-group/headrace-{environment}-{workload}-{entity}"),
        (
            "feature-group/headrace-local-flights-route-v2",
            "feature-group/headrace-{environment}-{workload}-{entity}-v2",
        ),
    ):
        assert names.text(f"arn:aws:sagemaker:us-east-1:{LOCAL_ACCOUNT}:{text}") == f"{start}:{wanted}"
    assert names.text("penguins/train/model") == "{workload}/train/model"
    assert names.text("raw/weather/") == "raw/{source}/"
    assert names.role("penguins-serving-role") == "{workload}-serving-role"
    assert names.role("image-build-role") == "image-build-role"


KEY = "b1f7223d-7520-4755-8352-871384bcdbf3"


@pytest.mark.parametrize(
    ("written", "resource"),
    [
        (
            "arn:aws:s3:::lake-raw-bucket-6528e09/raw/weather/2013/01.parquet",
            "arn:aws:s3:::lake-raw-bucket-0000000/raw/{source}/object",
        ),
        (
            "arn:aws:s3:::lake-curated-bucket-2bdfc0d/flights/train/2zykuyoqztlj/pipelines-2zykuyoqztlj-train-HUboa5jZEw/m",
            "arn:aws:s3:::lake-curated-bucket-0000000/{workload}/train/execution000/pipelines-execution000-train-0000000000/m",
        ),
        (
            "arn:aws:sagemaker:us-east-1:000000000000:processing-job/headrace-local-flights--check-2zykuyoqztlj-wUZmaIHAX4-0",
            "arn:aws:sagemaker:{region}:{account}:processing-job/headrace-{environment}-{workload}--check-execution000-0000000000",
        ),
        (
            "arn:aws:sagemaker:us-east-1:000000000000:feature-group/headrace-local-flights-route",
            "arn:aws:sagemaker:{region}:{account}:feature-group/headrace-{environment}-{workload}-{entity}",
        ),
        (f"arn:aws:kms:us-east-1:000000000000:key/{KEY}", "arn:aws:kms:{region}:{account}:key/{key:keys-data}"),
        (
            "arn:aws:ssm:us-east-1:000000000000:parameter/headrace/local/flights/serving-policy",
            "arn:aws:ssm:{region}:{account}:parameter/headrace/{environment}/{workload}/serving-policy",
        ),
        (
            "arn:aws:states:us-east-1:000000000000:stateMachine:flights-release-machine-2bdfc0d",
            "arn:aws:states:{region}:{account}:stateMachine:{workload}-release-machine-0000000",
        ),
        (
            "arn:aws:dynamodb:us-east-1:000000000000:table/flights-release-lease-2bdfc0d",
            "arn:aws:dynamodb:{region}:{account}:table/{workload}-release-lease-0000000",
        ),
        (
            "arn:aws:sagemaker:us-east-1:000000000000:model/headrace-local-flights-v1-b2aa4b9f",
            "arn:aws:sagemaker:{region}:{account}:model/headrace-{environment}-{workload}-v1-00000000",
        ),
    ],
)
def test_names_of_one_environment_become_the_programs(local: Plan, written: str, resource: str) -> None:
    names = Normal(local.inputs, LOCAL_ACCOUNT, {KEY: "keys-data"})
    role = f"arn:aws:iam::{LOCAL_ACCOUNT}:role/flights-training-job-role-dd3f6ee"
    line = {"action": "s3:GetObject", "decision": "allowed", "context": {"aws:resourcetag/headrace:stack": ["local"]}}
    hint = {**line, "principal": role, "resource": "pipelines-2zykuyoqztlj-train-HUboa5jZEw"}
    found = normal([hint, {**line, "principal": role, "resource": written}], names)
    assert resource in {call.resource for call in found}
    assert {call.role for call in found} == {"{workload}-training-job-role"}
    assert found[0].context == {"aws:resourcetag/headrace:stack": ["{environment}"]}


def test_what_was_denied_and_what_services_did_as_themselves_is_left_out(local: Plan) -> None:
    names = Normal(local.inputs, LOCAL_ACCOUNT, {})
    line = {"action": "s3:GetObject", "resource": "*", "context": {}}
    denied = {
        **line,
        "principal": f"arn:aws:iam::{LOCAL_ACCOUNT}:role/flights-serving-role-639475d",
        "decision": "denied",
    }
    service = {**line, "principal": "cloudwatch.amazonaws.com", "decision": "allowed"}
    assert normal([denied, service], names) == []


def trains(flights: Workload) -> Workload:
    """Return a workload with a name and an entity of its own."""
    return flights.model_copy(update={"name": "trains", "entities": {"station": flights.entities["origin"]}})


def test_a_recording_of_another_workload_speaks_of_its_own_entities(local: Plan) -> None:
    dev = checked(
        "dev",
        {"region": "eu-west-1", "allowed_account_ids": ["111122223333"], "workloads": [FLIGHTS]},
        ROOT,
    )
    other = dataclasses.replace(local, inputs=dev, account="111122223333")
    text = "arn:aws:sagemaker:{region}:{account}:feature-group/headrace-{environment}-{workload}-{entity}"
    assert calls.filled(text, other, trains(local.workloads[0])) == [
        "arn:aws:sagemaker:eu-west-1:111122223333:feature-group/headrace-dev-trains-station"
    ]


def test_of_a_workload_without_entities_no_call_on_a_group_is_asked_about(aws: Aws, local: Plan) -> None:
    """A question about no resource would be one about all of them."""
    (flights,) = local.inputs.workloads
    none = dataclasses.replace(flights, workload=flights.workload.model_copy(update={"entities": {}}))
    plan = dataclasses.replace(local, inputs=dataclasses.replace(local.inputs, workloads=(none,)))
    outcomes = list(run(calls.checks(aws, plan)))
    assert [str(problem) for outcome in outcomes for problem in outcome.problems] == []
