"""What the release ledger says, newest entry first."""

from __future__ import annotations

from collections.abc import Iterator

from status.environment import Environment


def entries(environment: Environment) -> Iterator[dict[str, str]]:
    """Yield the entries of the environment's endpoint, each a text by name."""
    pages = (
        environment.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=environment.own.ledger_table,
            KeyConditionExpression="endpoint = :endpoint",
            ExpressionAttributeValues={":endpoint": {"S": environment.own.endpoint_name}},
            ScanIndexForward=False,
            ConsistentRead=True,
        )
    )
    for page in pages:
        for item in page["Items"]:
            yield {name: str(next(iter(value.values()))) for name, value in item.items()}
