"""State machines act as their role, and their executions can be described."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, allow, eventually


def run(cloud: Cloud, name: str, state: dict[str, Any], *rights: dict[str, Any]) -> dict[str, Any]:
    states = cloud.client("stepfunctions")
    definition = {"StartAt": "Only", "States": {"Only": {"Type": "Task", "End": True, **state}}}
    role = cloud.role(name, "states.amazonaws.com", *rights)
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    started = states.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=started["executionArn"])
        return None if found["status"] == "RUNNING" else found

    found: dict[str, Any] = eventually(ended, 60)
    return found


def test_a_task_may_do_what_the_machine_s_role_may(cloud: Cloud, name: str) -> None:
    put = {"TableName": name, "Item": {"id": {"S": "1"}}}
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    state = {"Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": put}
    table = f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"
    refused = run(cloud, f"{name}-refused", state, allow("dynamodb:GetItem", resource=table))
    assert refused["status"] == "FAILED"
    assert "not authorized to perform: dynamodb:PutItem" in refused["cause"]
    allowed = run(cloud, f"{name}-allowed", state, allow("dynamodb:PutItem", resource=table))
    assert allowed["status"] == "SUCCEEDED"
    assert cloud.client("dynamodb").scan(TableName=name)["Count"] == 1


def test_times_in_an_answer_are_text(cloud: Cloud, name: str) -> None:
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    state = {
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeModelPackageGroup",
        "Parameters": {"ModelPackageGroupName": name},
    }
    ended = run(cloud, name, state, allow("sagemaker:DescribeModelPackageGroup"))
    output = json.loads(ended["output"])
    assert output["ModelPackageGroupName"] == name
    assert output["CreationTime"].endswith("Z")


def test_errors_carry_the_names_that_aws_gives_them(cloud: Cloud, name: str) -> None:
    rights = allow("sagemaker:*", "ssm:GetParameter")
    missing = {
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeModel",
        "Parameters": {"ModelName": "nothing"},
    }
    ended = run(cloud, name, missing, rights)
    assert ended["error"] == "SageMaker.SageMakerException"
    assert "Could not find model" in ended["cause"]
    parameter = {"Resource": "arn:aws:states:::aws-sdk:ssm:getParameter", "Parameters": {"Name": "/nothing"}}
    assert run(cloud, f"{name}-ssm", parameter, rights)["error"] == "Ssm.ParameterNotFoundException"


def test_an_action_that_is_missing_fails_the_task_by_name(cloud: Cloud, name: str) -> None:
    state = {
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:startInferenceExperiment",
        "Parameters": {"Name": "x"},
    }
    ended = run(cloud, name, state, allow("sagemaker:*"))
    assert ended["status"] == "FAILED"
    assert "sagemaker action StartInferenceExperiment" in ended["cause"]


def test_a_definition_is_validated(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    good = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    assert states.validate_state_machine_definition(definition=good)["result"] == "OK"
    found = states.validate_state_machine_definition(definition=json.dumps({"StartAt": "A"}))
    assert found["result"] == "FAIL"
    assert found["diagnostics"]


def test_versions_are_listed_newest_first(cloud: Cloud, name: str) -> None:
    states = cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    role = cloud.role(name, "states.amazonaws.com")
    arn = states.create_state_machine(name=name, definition=definition, roleArn=role, publish=True)["stateMachineArn"]
    states.update_state_machine(stateMachineArn=arn, definition=definition, publish=True)
    versions = states.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in versions] == [f"{arn}:2", f"{arn}:1"]


def test_waiting_for_a_job_is_refused_before_the_job_is_made(cloud: Cloud, name: str) -> None:
    state = {
        "Resource": "arn:aws:states:::sagemaker:createModel.sync",
        "Parameters": {"ModelName": name, "PrimaryContainer": {"Image": "image"}, "ExecutionRoleArn": "role"},
    }
    ended = run(cloud, name, state, allow("sagemaker:*", "iam:PassRole"))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "Unsupported sync" in ended["cause"]
    assert state["Resource"] in ended["cause"]
    assert not cloud.client("sagemaker").list_models(NameContains=name)["Models"]


def test_a_machine_needs_a_role_that_trusts_step_functions(cloud: Cloud, name: str) -> None:
    states = cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    other = cloud.role(f"{name}-other", "sagemaker.amazonaws.com")
    with pytest.raises(ClientError, match="is authorized to assume the provided role") as refused:
        states.create_state_machine(name=name, definition=definition, roleArn=other)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    role = cloud.role(name, "states.amazonaws.com")
    made = states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    with pytest.raises(ClientError, match="AccessDenied"):
        states.update_state_machine(stateMachineArn=made, roleArn=f"{role}-that-is-not-there")
    assert states.describe_state_machine(stateMachineArn=made)["roleArn"] == role


def test_times_are_compared_to_the_fraction_of_a_second(cloud: Cloud, name: str) -> None:
    later = {"Variable": "$.b", "TimestampGreaterThanPath": "$.a", "Next": "Later"}
    definition = {
        "StartAt": "Compare",
        "States": {
            "Compare": {"Type": "Choice", "Choices": [later], "Default": "Not later"},
            "Later": {"Type": "Pass", "Result": "later", "End": True},
            "Not later": {"Type": "Pass", "Result": "not later", "End": True},
        },
    }
    states = cloud.client("stepfunctions")
    role = cloud.role(name, "states.amazonaws.com")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)["stateMachineArn"]

    def outcome(a: str, b: str) -> str:
        execution = states.start_execution(stateMachineArn=machine, input=json.dumps({"a": a, "b": b}))["executionArn"]

        def output() -> Any:
            return states.describe_execution(executionArn=execution).get("output")

        return str(json.loads(eventually(output, 60)))

    assert outcome("2026-11-25T10:00:00.123Z", "2026-11-25T10:00:00.124Z") == "later"
    assert outcome("2026-11-25T10:00:00.124Z", "2026-11-25T10:00:00.123Z") == "not later"
    assert outcome("2026-11-25T10:00:00Z", "2026-11-25T11:00:01+01:00") == "later"
    assert outcome("2026-11-25T10:00:00Z", "2026-11-25 11:00:00Z") == "not later"  # no time to a state machine
