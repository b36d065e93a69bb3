"""The release ledger: a table that is only ever added to."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.place import Place
from components.statements import Statement, allow, deny, document

LEDGER_INDEX = "by-outcome"
"""The local index that finds the newest entry of one outcome: range key ``outcome_at``, ``<outcome>#<time>#<name>``."""

_CHANGES = (
    "dynamodb:BatchWriteItem",  # it deletes, and puts without a condition
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
)


@dataclass(frozen=True, kw_only=True)
class LedgerArgs:
    """What a `Ledger` is made from.

    Attributes
    ----------
    place : Place
        The region that the table is in.
    key_arn : input of str
        Customer key of the table.
    deletion_protection : bool
        Whether DynamoDB refuses to delete the table.
    """

    place: Place
    key_arn: pulumi.Input[str]
    deletion_protection: bool = True


class Ledger(pulumi.ComponentResource):
    """One entry for every release that was decided, by endpoint and time; nobody may change or delete one.

    Attributes
    ----------
    table_name, table_arn : pulumi.Output[str]
        The table; ``endpoint`` is its hash key and ``recorded_at`` (time and execution name) its range key.
    """

    def __init__(self, name: str, args: LedgerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the table and its resource policy."""
        super().__init__("headrace:release:Ledger", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        table = aws.dynamodb.Table(
            f"{name}-table",
            billing_mode="PAY_PER_REQUEST",
            hash_key="endpoint",
            range_key="recorded_at",
            attributes=[
                {"name": "endpoint", "type": "S"},
                {"name": "recorded_at", "type": "S"},
                {"name": "outcome_at", "type": "S"},
            ],
            local_secondary_indexes=[{"name": LEDGER_INDEX, "range_key": "outcome_at", "projection_type": "ALL"}],
            server_side_encryption={"enabled": True, "kms_key_arn": args.key_arn},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args.deletion_protection,
            opts=child,
        )
        statement = deny(_CHANGES, [table.arn], sid="AppendOnly", principal={"AWS": "*"})
        aws.dynamodb.ResourcePolicy(
            f"{name}-append-only", resource_arn=table.arn, policy=document([statement]), opts=child
        )
        self.table_name: pulumi.Output[str] = table.name
        self.table_arn: pulumi.Output[str] = table.arn
        self.register_outputs({"table_name": self.table_name, "table_arn": self.table_arn})

    def write_statements(self) -> list[Statement]:
        """Permissions to add an entry and to find the newest, of all or of an outcome, and no others.

        They let DynamoDB use the key for whoever has them.
        """
        return [
            allow(["dynamodb:PutItem"], [self.table_arn]),
            allow(["dynamodb:Query"], [self.table_arn, pulumi.Output.concat(self.table_arn, "/index/", LEDGER_INDEX)]),
            deny(_CHANGES, [self.table_arn]),
            allow(
                ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                [self._args.key_arn],
                condition={"StringEquals": {"kms:ViaService": f"dynamodb.{self._args.place.region}.amazonaws.com"}},
            ),
        ]
