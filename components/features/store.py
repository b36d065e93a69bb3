"""The feature store: one feature group an entity, with the newest values online. The history is the lake's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.checks import require
from components.features.group import FeatureGroup, FeatureGroupArgs
from components.features.sweep import FeatureGroupSweeper, FeatureGroupSweeperArgs
from components.place import Place
from components.registry import Registry
from components.statements import Statement, allow
from components.training_pipeline import TrainingPipeline

FEATURE_TYPES = ("String", "Integral", "Fractional")
LONGEST_NAME = 60
"""Characters of a group's first name: AWS allows 64, and a later version has "-v<number>" behind it."""


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
        Feature groups are called ``<name_prefix>-<entity>``, later versions ``<name_prefix>-<entity>-v2`` and so on.
    entities : mapping of str to Entity
        By entity name; a store of none has no group, and sweeps away those that it had.
    key_arn : input of str
        Customer key of the online stores.
    tags : mapping of str to str
        The stack's tags, by which its groups are known from others.
    """

    place: Place
    name_prefix: str
    entities: Mapping[str, Entity]
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class FeatureStore(pulumi.ComponentResource):
    """The feature groups.

    Attributes
    ----------
    group_names : dict of str to pulumi.Output[str]
        By entity, the feature group that the pipeline fills. A model that serves may read an older one: its package
        names the groups that it was trained with.
    """

    def __init__(self, name: str, args: FeatureStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the feature groups."""
        require(f"FeatureStore {name!r}", _rules(args))
        super().__init__("headrace:features:FeatureStore", name, None, opts)
        self._name = name
        self._args = args
        groups = {
            entity: FeatureGroup(
                f"{name}-{entity}",
                FeatureGroupArgs(
                    place=args.place,
                    base_name=f"{args.name_prefix}-{entity}",
                    record_identifier=known.record_identifier,
                    event_time=known.event_time,
                    features=known.features,
                    description=known.description,
                    key_arn=args.key_arn,
                    tags=args.tags,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            for entity, known in args.entities.items()
        }
        self._arns = [group.arn for group in groups.values()]
        self.group_names: dict[str, pulumi.Output[str]] = {entity: group.group_name for entity, group in groups.items()}
        self.register_outputs({"group_names": self.group_names})

    def sweep(self, registry: Registry, pipeline: TrainingPipeline) -> None:
        """Remove replaced groups once no package names them, and every group when the stack is destroyed."""
        FeatureGroupSweeper(
            f"{self._name}-sweeper",
            FeatureGroupSweeperArgs(
                place=self._args.place,
                name_prefix=f"{self._args.name_prefix}-",
                tags=self._args.tags,
                group_names=self.group_names,
                registry=registry,
                pipeline=pipeline,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def record_statements(self) -> list[Statement]:
        """Permissions to put records, and to read back what is there; none for a store without groups."""
        if not self._arns:
            return []  # a statement must name a resource
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
            allow(["kms:Decrypt", "kms:GenerateDataKey"], [self._args.key_arn]),
        ]


def _rules(args: FeatureStoreArgs) -> list[tuple[bool, str]]:
    rules: list[tuple[bool, str]] = []
    for entity, known in args.entities.items():
        where = f"entities.{entity}"
        full_name = f"{args.name_prefix}-{entity}"
        rules.append(
            (
                len(full_name) <= LONGEST_NAME,
                f"`{where}` must give a feature group name of at most {LONGEST_NAME} characters, got {full_name!r}. "
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
