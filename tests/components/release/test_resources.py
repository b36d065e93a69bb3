"""What the release machine and the approver are made of, and what their roles may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.endpoint import ServingPolicy
from components.names import release_name_prefix
from sandbox.cloud.settings import LOCAL_ACCOUNT as ACCOUNT
from tests.cloud.local import REGION
from tests.components.recording import Recording
from tests.components.release.local import (
    BUCKET,
    ENDPOINT,
    GROUP,
    KEY,
    PARAMETER,
    SERVING_ROLE,
    born,
    both,
    declared,
)

PACKAGES = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{GROUP}/*"
LEDGER = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/release-ledger-table-0000000"
LEASE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/release-lease-0000000"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


@pytest.fixture(scope="module")
def made() -> Recording:
    """Everything that both components register."""
    return both()


def listed(value: str | list[str]) -> list[str]:
    """IAM writes a list of one as its only element."""
    return [value] if isinstance(value, str) else value


def statements(made: Recording, type_: str, name: str) -> list[dict[str, Any]]:
    """A policy's statements, with lists of actions and resources."""
    return [
        {**statement, "Action": listed(statement["Action"]), "Resource": listed(statement["Resource"])}
        for statement in made.policy(type_, name)
    ]


def rights(made: Recording, role: str) -> dict[str, list[dict[str, Any]]]:
    """What a role is allowed, by action."""
    found: dict[str, list[dict[str, Any]]] = {}
    for statement in statements(made, ROLE_POLICY, f"{role}-tasks-policy"):
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                found.setdefault(action, []).append(statement)
    return found


def test_the_release_role_may_reject_and_never_approve(made: Recording) -> None:
    [statement] = rights(made, "release")["sagemaker:UpdateModelPackage"]
    assert statement["Condition"] == {"StringEquals": {"sagemaker:ModelApprovalStatus": "Rejected"}}
    assert statement["Resource"] == [PACKAGES]


def test_the_approver_may_approve_in_its_group_and_nothing_else(made: Recording) -> None:
    allowed = rights(made, "approver")
    [statement] = allowed["sagemaker:UpdateModelPackage"]
    assert statement["Condition"] == {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
    assert statement["Resource"] == [PACKAGES]
    assert {action for action in allowed if action.startswith("sagemaker:")} == {
        "sagemaker:DescribeModelPackage",
        "sagemaker:ListModelPackages",
        "sagemaker:UpdateModelPackage",
    }


def test_the_release_role_changes_its_own_endpoint_only(made: Recording) -> None:
    allowed = rights(made, "release")
    endpoint = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{ENDPOINT}"
    configs = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint-config/{ENDPOINT}--*"
    assert [statement["Resource"] for statement in allowed["sagemaker:UpdateEndpoint"]] == [[endpoint, configs]]
    assert "sagemaker:CreateEndpoint" not in allowed
    assert "sagemaker:DeleteEndpoint" not in allowed
    assert [statement["Resource"] for statement in allowed["s3:GetObject"]] == [
        [f"arn:aws:s3:::{BUCKET}/packages/{GROUP}/*"]
    ]


def test_the_release_role_passes_only_the_serving_role_and_only_to_sagemaker(made: Recording) -> None:
    [statement] = rights(made, "release")["iam:PassRole"]
    assert statement["Resource"] == [SERVING_ROLE]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_grants_on_the_endpoint_key_are_for_aws_services_only(made: Recording) -> None:
    [statement] = rights(made, "release")["kms:CreateGrant"]
    assert statement["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_only_what_knows_no_resource_is_allowed_on_everything(made: Recording) -> None:
    everywhere = {
        action
        for role in ("release", "approver")
        for action, found in rights(made, role).items()
        if any(statement["Resource"] == ["*"] for statement in found)
    }
    assert {action for action in everywhere if not action.startswith(("logs:", "xray:"))} == {
        "sagemaker:ListModelPackages"
    }


def test_the_ledger_is_only_added_to(made: Recording) -> None:
    on_ledger = {
        action
        for action, found in rights(made, "release").items()
        for statement in found
        if any(resource.startswith(LEDGER) for resource in statement["Resource"])
    }
    assert on_ledger == {"dynamodb:PutItem", "dynamodb:Query"}
    [policy] = statements(made, "aws:dynamodb/resourcePolicy:ResourcePolicy", "release-ledger-append-only")
    assert (policy["Effect"], policy["Principal"]) == ("Deny", {"AWS": "*"})
    assert {"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"} <= set(policy["Action"])


@pytest.mark.parametrize("name", ["release-lease", "release-ledger-table"])
def test_tables_are_encrypted_and_can_be_restored(made: Recording, name: str) -> None:
    table = made.one("aws:dynamodb/table:Table", name).inputs
    assert table["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    assert table["pointInTimeRecovery"] == {"enabled": True}


@pytest.mark.parametrize("name", ["release", "approver"])
def test_machines_are_logged_and_traced(made: Recording, name: str) -> None:
    machine = made.one("aws:sfn/stateMachine:StateMachine", f"{name}-machine").inputs
    assert machine["tracingConfiguration"] == {"enabled": True}
    assert machine["loggingConfiguration"]["level"] == "ALL"
    log = made.one("aws:cloudwatch/logGroup:LogGroup", f"{name}-log").inputs
    assert log["kmsKeyId"] == KEY
    assert log["retentionInDays"] >= 365


def test_a_release_starts_on_approval_on_a_policy_change_and_every_quarter_of_an_hour(made: Recording) -> None:
    patterns = {
        rule.name: json.loads(rule.inputs["eventPattern"])
        for rule in made.of("aws:cloudwatch/eventRule:EventRule")
        if rule.name.startswith("release")
    }
    assert patterns["release-approval"]["detail"] == {
        "ModelPackageGroupName": [GROUP],
        "ModelApprovalStatus": ["Approved"],
    }
    assert patterns["release-policy"]["detail"] == {"name": [PARAMETER], "operation": ["Update"]}
    schedule = made.one("aws:scheduler/schedule:Schedule", "release-reconciler").inputs
    assert schedule["scheduleExpression"] == "rate(15 minutes)"
    assert "model_package_arn" not in schedule["target"]["input"]


def test_the_approver_starts_when_a_package_waits(made: Recording) -> None:
    rule = made.one("aws:cloudwatch/eventRule:EventRule", "approver-registered").inputs
    assert json.loads(rule["eventPattern"])["detail"]["ModelApprovalStatus"] == ["PendingManualApproval"]


def test_whoever_starts_a_machine_may_do_nothing_else(made: Recording) -> None:
    starters = [found for found in made.of(ROLE_POLICY) if found.name.endswith("-starter-policy")]
    assert len(starters) == 5
    for found in starters:
        [statement] = statements(made, ROLE_POLICY, found.name)
        machine = found.name.split("-")[0]
        assert statement["Action"] == ["states:StartExecution"]
        assert statement["Resource"] == [f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}-machine-0000000"]


def test_names_stay_within_sagemakers_63_characters() -> None:
    long = "headrace-staging-" + "w" * 46
    assert len(f"{release_name_prefix(long)}v9999-p99999-12345678") <= 63
    assert release_name_prefix(long) != release_name_prefix(long + "x")
    assert release_name_prefix("headrace-local-flights") == "headrace-local-flights--"


def test_a_policy_that_cannot_serve_is_refused_with_every_reason() -> None:
    policy = ServingPolicy(variant_name="no spaces", instance_type="m5", instance_count=0, capture_percent=101)
    with pytest.raises(ValueError, match="cannot be made") as refused:
        declared(lambda: born(serving_policy=policy))
    for field in ("variant_name", "instance_type", "instance_count", "capture_percent"):
        assert f"serving_policy.{field}`" in str(refused.value)
