"""The customer keys: one for data, one for models, one for logs and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.checks import require
from components.place import Place
from components.statements import Statement, allow, document

_LONGEST_WAIT = 30
_SHORTEST_WAIT = 7


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """What `Keys` are made from.

    Attributes
    ----------
    place : Place
        The account that administers the keys.
    alias_prefix : str
        Aliases are ``alias/<alias_prefix>-data``, ``-model`` and ``-logs``.
    deletion_window_days : int
        Days from 7 to 30 between a key's deletion and the loss of everything encrypted with it.
    """

    place: Place
    alias_prefix: str
    deletion_window_days: int = _LONGEST_WAIT


class Keys(pulumi.ComponentResource):
    """Three rotating keys and their aliases.

    Attributes
    ----------
    data_arn : pulumi.Output[str]
        Key of the lake's data, the feature store and the tables.
    model_arn : pulumi.Output[str]
        Key of model artifacts, images and endpoint volumes.
    logs_arn : pulumi.Output[str]
        Key of log groups and topics, which the services that write them may use.
    """

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the keys."""
        require(
            f"Keys {name!r}",
            [
                (
                    _SHORTEST_WAIT <= args.deletion_window_days <= _LONGEST_WAIT,
                    f"`deletion_window_days` must be from {_SHORTEST_WAIT} to {_LONGEST_WAIT}, "
                    f"got {args.deletion_window_days}. KMS knows no other wait.",
                )
            ],
        )
        super().__init__("headrace:security:Keys", name, None, opts)
        self._name = name
        self._args = args
        self.data_arn = self._key("data", "Data lake, feature store and tables", [])
        self.model_arn = self._key("model", "Model artifacts, images and endpoint volumes", [])
        self.logs_arn = self._key("logs", "Log groups and topics", self._log_and_topic_services())
        self.register_outputs({"data_arn": self.data_arn, "model_arn": self.model_arn, "logs_arn": self.logs_arn})

    def _key(self, purpose: str, description: str, services: Sequence[Statement]) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        administration = allow(
            ["kms:*"], ["*"], sid="AccountDecidesByIam", principal={"AWS": self._args.place.root_arn()}
        )
        key = aws.kms.Key(
            f"{self._name}-{purpose}",
            description=f"{self._args.alias_prefix}: {description}",
            enable_key_rotation=True,
            deletion_window_in_days=self._args.deletion_window_days,
            policy=document([administration, *services]),
            opts=child,
        )
        aws.kms.Alias(
            f"{self._name}-{purpose}-alias",
            name=f"alias/{self._args.alias_prefix}-{purpose}",
            target_key_id=key.key_id,
            opts=child,
        )
        return key.arn

    def _log_and_topic_services(self) -> Sequence[Statement]:
        place = self._args.place
        return (
            allow(
                ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                ["*"],
                sid="LogGroupsOfThisAccount",
                principal={"Service": f"logs.{place.region}.amazonaws.com"},
                condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
            ),
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                ["*"],
                sid="AlarmsToTopics",
                principal={"Service": "cloudwatch.amazonaws.com"},
                condition={"StringEquals": {"aws:SourceAccount": place.account_id}},
            ),
        )
