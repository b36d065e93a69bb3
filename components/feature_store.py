"""The feature store: one feature group an entity, with the newest values online and their history offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bucket import Bucket
from components.checks import require
from components.place import Place
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import Statement, allow

FEATURE_TYPES = ("String", "Integral", "Fractional")
_LONGEST_NAME = 64


@dataclass(frozen=True, kw_only=True)
class Entity:
    """What one feature group knows, and about whom.

    Attributes
    ----------
    record_identifier : str
        The feature that names the record, such as an aircraft's tail number.
    event_time : str
        The feature that says since when the record's values are known; of type String (ISO 8601) or Fractional.
    features : mapping of str to str
        ``String``, ``Integral`` or ``Fractional`` by feature name, the two above included.
    description : str
        What one record is.
    """

    record_identifier: str
    event_time: str
    features: Mapping[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class FeatureStoreArgs:
    """What a `FeatureStore` is made from.

    Attributes
    ----------
    place : Place
        The account that the groups are in.
    name_prefix : str
        Feature groups are called ``<name_prefix>-<entity>``, because jobs name them.
    entities : mapping of str to Entity
        By entity name.
    offline : Bucket
        Where the history goes, under ``feature-store/``.
    key_arn : input of str
        Customer key of both stores.
    """

    place: Place
    name_prefix: str
    entities: Mapping[str, Entity]
    offline: Bucket
    key_arn: pulumi.Input[str]


class FeatureStore(pulumi.ComponentResource):
    """The feature groups and the role that keeps their history.

    Attributes
    ----------
    group_names : dict of str to pulumi.Output[str]
        Feature group names by entity.
    """

    _PREFIX = "feature-store/"

    def __init__(self, name: str, args: FeatureStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role and the feature groups."""
        require(f"FeatureStore {name!r}", _rules(args))
        super().__init__("headrace:features:FeatureStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            f"{name}-offline",
            ServiceRoleArgs(
                service="sagemaker.amazonaws.com",
                duty="Writes the feature store's history to the lake",
                place=args.place,
                any_account_because="AWS's page on the confused deputy does not list Feature Store.",
                statements=[
                    *args.offline.read_statements(self._PREFIX),
                    *args.offline.write_statements(self._PREFIX),
                    allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], [args.offline.arn]),
                    allow(["s3:PutObjectAcl"], [pulumi.Output.concat(args.offline.arn, "/", self._PREFIX, "*")]),
                    # Iceberg keeps the table's newest state in the catalogue, in the database that SageMaker makes.
                    allow(
                        ["glue:GetTable", "glue:UpdateTable"],
                        [
                            args.place.arn("glue", "catalog"),
                            args.place.arn("glue", "database/sagemaker_featurestore"),
                            args.place.arn("glue", "table/sagemaker_featurestore/*"),
                        ],
                    ),
                ],
            ),
            child,
        )
        groups = {
            entity: aws.sagemaker.FeatureGroup(
                f"{name}-{entity}",
                feature_group_name=f"{args.name_prefix}-{entity}",
                description=known.description,
                record_identifier_feature_name=known.record_identifier,
                event_time_feature_name=known.event_time,
                feature_definitions=[
                    {"feature_name": feature, "feature_type": kind} for feature, kind in known.features.items()
                ],
                role_arn=role.arn,
                online_store_config={
                    "enable_online_store": True,
                    "security_config": {"kms_key_id": args.key_arn},
                },
                offline_store_config={
                    "s3_storage_config": {
                        "s3_uri": pulumi.Output.format("s3://{}/{}", args.offline.name, self._PREFIX.rstrip("/")),
                        "kms_key_id": args.key_arn,
                    },
                    "table_format": "Iceberg",
                },
                opts=child,
            )
            for entity, known in args.entities.items()
        }
        self._arns = [group.arn for group in groups.values()]
        self._key_arn = args.key_arn
        self.group_names: dict[str, pulumi.Output[str]] = {
            entity: group.feature_group_name for entity, group in groups.items()
        }
        self.register_outputs({"group_names": self.group_names})

    def record_statements(self) -> list[Statement]:
        """Permissions to put records, and to read back what is there."""
        return [
            allow(
                [
                    "sagemaker:BatchGetRecord",
                    "sagemaker:BatchWriteRecord",
                    "sagemaker:DescribeFeatureGroup",
                    "sagemaker:GetRecord",
                    "sagemaker:PutRecord",
                ],
                self._arns,
            ),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], [self._key_arn]),
        ]


def _rules(args: FeatureStoreArgs) -> list[tuple[bool, str]]:
    rules = [(bool(args.entities), "`entities` must name at least one entity, got none. Leave the feature store out.")]
    for entity, known in args.entities.items():
        where = f"entities.{entity}"
        full_name = f"{args.name_prefix}-{entity}"
        rules.append(
            (
                len(full_name) <= _LONGEST_NAME,
                f"`{where}` must give a feature group name of at most {_LONGEST_NAME} characters, got {full_name!r}. "
                "Shorten the entity's name.",
            )
        )
        rules += [
            (
                feature in known.features,
                f"`{where}.{field}` must be one of the entity's features, got {feature!r}. Add it to `features`.",
            )
            for field, feature in (("record_identifier", known.record_identifier), ("event_time", known.event_time))
        ]
        rules += [
            (
                kind in FEATURE_TYPES,
                f"`{where}.features.{feature}` must be one of {', '.join(FEATURE_TYPES)}, got {kind!r}. Choose one.",
            )
            for feature, kind in known.features.items()
        ]
    return rules
