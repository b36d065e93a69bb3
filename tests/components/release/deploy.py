"""Makes what a component registered in a local cloud, through AWS's own API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.components.recording import Registration


def deploy(resource: Registration, client: Callable[[str], Any]) -> None:
    """Make one resource as it was registered; logs, table policies and schedules, which no test sees, are left out."""
    given, name = resource.inputs, resource.inputs.get("name", f"{resource.name}-0000000")
    match resource.type.rpartition(":")[2]:
        case "Role":
            client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=given["assumeRolePolicy"])
        case "RolePolicy":
            client("iam").put_role_policy(
                RoleName=given["role"], PolicyName=resource.name, PolicyDocument=given["policy"]
            )
        case "StateMachine":
            client("stepfunctions").create_state_machine(
                name=name, definition=given["definition"], roleArn=given["roleArn"]
            )
        case "Parameter":
            client("ssm").put_parameter(Name=name, Type=given["type"], Value=given["insecureValue"])
        case "EventRule":
            # Disabled, so that tests decide what starts; `Platform.triggers` switches them on.
            client("events").put_rule(Name=name, EventPattern=given["eventPattern"], State="DISABLED")
        case "EventTarget":
            target = {"Id": "one", "Arn": given["arn"], "RoleArn": given["roleArn"]}
            client("events").put_targets(Rule=given["rule"], Targets=[target])
        case "Table":
            _make_table(name, given, client)


def _make_table(name: str, given: dict[str, Any], client: Callable[[str], Any]) -> None:
    def keys(range_key: str | None) -> list[dict[str, str]]:
        more = [{"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else []
        return [{"AttributeName": given["hashKey"], "KeyType": "HASH"}, *more]

    indexes = [
        {
            "IndexName": index["name"],
            "KeySchema": keys(index["rangeKey"]),
            "Projection": {"ProjectionType": index["projectionType"]},
        }
        for index in given.get("localSecondaryIndexes", [])
    ]
    client("dynamodb").create_table(
        TableName=name,
        BillingMode=given["billingMode"],
        KeySchema=keys(given.get("rangeKey")),
        AttributeDefinitions=[
            {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}
            for attribute in given["attributes"]
        ],
        **({"LocalSecondaryIndexes": indexes} if indexes else {}),
    )
