"""Policies and state machines, by AWS's own validators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from rehearse.asking import Aws
from rehearse.checks import Check
from rehearse.plan import Plan, document
from workloads.problems import Problem


@dataclass(frozen=True)
class Carrier:
    """Where a kind of resource carries a policy.

    Attributes
    ----------
    member : str
        The input that holds it.
    kind : str
        In words.
    options : dict
        What access-analyzer:ValidatePolicy is told about it.
    """

    member: str
    kind: str
    options: dict[str, str]


def _of_resource(resource_type: str = "") -> dict[str, str]:
    return {"policyType": "RESOURCE_POLICY"} | ({"validatePolicyResourceType": resource_type} if resource_type else {})


CARRIERS: dict[str, Carrier] = {
    "aws:iam/rolePolicy:RolePolicy": Carrier("policy", "policy", {"policyType": "IDENTITY_POLICY"}),
    "aws:iam/role:Role": Carrier(
        "assumeRolePolicy", "trust policy", _of_resource("AWS::IAM::AssumeRolePolicyDocument")
    ),
    "aws:kms/key:Key": Carrier("policy", "key policy", _of_resource()),
    "aws:s3/bucketPolicy:BucketPolicy": Carrier("policy", "bucket policy", _of_resource("AWS::S3::Bucket")),
    "aws:sns/topicPolicy:TopicPolicy": Carrier("policy", "topic policy", _of_resource()),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": Carrier(
        "policy", "table policy", _of_resource("AWS::DynamoDB::Table")
    ),
}
"""Every kind of resource with a policy."""

_HELD_AGAINST = ("ERROR", "SECURITY_WARNING")
_MACHINE = "aws:sfn/stateMachine:StateMachine"


def checks(aws: Aws, plan: Plan) -> Iterator[Check]:
    """Yield a check for each policy and each state machine."""
    for planned in plan.resources:
        if carrier := CARRIERS.get(planned.type):
            text = document(planned.inputs[carrier.member])
            yield Check(f"{carrier.kind} {planned.name}", partial(_policy, aws, carrier, planned.name, text))
        if planned.type == _MACHINE:
            yield Check(f"state machine {planned.name}", partial(_machine, aws, planned.name, planned.inputs))


def _policy(aws: Aws, carrier: Carrier, name: str, text: str) -> str | list[Problem]:
    found = aws.every("accessanalyzer", "ValidatePolicy", "findings", policyDocument=text, **carrier.options)
    problems = [
        Problem(
            field=f"{carrier.kind} {name}{_place(finding)}",
            rule="be a policy that IAM takes",
            value=finding["issueCode"],
            remedy=finding["findingDetails"],
        )
        for finding in found
        if finding["findingType"] in _HELD_AGAINST
    ]
    if problems:
        return problems
    return "valid" if not found else "valid; " + ", ".join(sorted({finding["issueCode"] for finding in found}))


def _place(finding: dict[str, Any]) -> str:
    """Return where in a document a finding is, as ``.Statement[2].Action[0]``."""
    for location in finding.get("locations", []):
        parts = (f"[{step['index']}]" if "index" in step else f".{step.get('value', '')}" for step in location["path"])
        return "".join(parts)
    return ""


def _machine(aws: Aws, name: str, inputs: Any) -> str | list[Problem]:
    said = aws.ask(
        "stepfunctions",
        "ValidateStateMachineDefinition",
        definition=document(inputs["definition"]),
        type=inputs.get("type") or "STANDARD",
    )
    problems = [
        Problem(
            field=f"state machine {name}{found.get('location', '')}",
            rule="be a definition that Step Functions takes",
            value=found["code"],
            remedy=found["message"],
        )
        for found in said["diagnostics"]
        if found["severity"] == "ERROR"
    ]
    return problems or "valid"
