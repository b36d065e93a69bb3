"""iam:SimulateCustomPolicy: what policies would say to calls, by the evaluator that judges the local cloud's own.

Only the policies that are given count, as with AWS: a resource's policy is judged where the call brings one.
"""

from __future__ import annotations

from typing import Any

from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam import policy
from sandbox.cloud.control.iam.policy import ALLOW, DENY, Request

_DECISIONS = {ALLOW: "allowed", DENY: "explicitDeny", None: "implicitDeny"}


@handles("iam", "SimulateCustomPolicy")
def _simulate(call: Call) -> Params:
    params = call.params
    if params.get("ResourcePolicy"):
        raise AwsError("NotImplemented", "The local cloud simulates no ResourcePolicy.", 501)
    context = {
        entry["ContextKeyName"].lower(): list(entry.get("ContextKeyValues") or [])
        for entry in params.get("ContextEntries") or []
    }
    results: list[dict[str, Any]] = []
    for action in params["ActionNames"]:
        if ":" not in action or action.partition(":")[2] in ("", "*"):
            raise AwsError("InvalidInput", f"Invalid Entry for ActionNames: {action}")
        for resource in params.get("ResourceArns") or ["*"]:
            results.append(_result(params, action, resource, context))
    return {"EvaluationResults": results, "IsTruncated": False}


def _result(params: Params, action: str, resource: str, context: dict[str, list[str]]) -> dict[str, Any]:
    request = Request(action, (resource,), context, ())
    verdict = policy.decide(params["PolicyInputList"], request)
    boundary = params.get("PermissionsBoundaryPolicyInputList")
    if boundary and verdict == ALLOW:
        verdict = policy.decide(boundary, request)
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _DECISIONS[verdict],
        "MatchedStatements": [],
        "MissingContextValues": [],
    }
