"""The dynamic resource that makes a feature group and changes it without ever losing what it holds.

AWS can add features to a group, and change nothing else of it. The provider's own resource would be made anew for
every change, before the old one is deleted and under the same name, which AWS refuses. Here additions are made in
place; what AWS cannot change gets a group of its own beside the old one, ``<name>-v2`` and so on. The old group stays:
the model that serves was trained on it. `components.features.sweep` removes it once nothing names it any more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from components.account import client_for
from components.features import calls
from components.place import Place

_KEYS = ("recordIdentifierFeatureName", "eventTimeFeatureName", "onlineStoreConfig")
_OUTPUTS = ("group_name", "arn", "stored")


class FeatureGroupProvider(ResourceProvider):
    """Makes, extends and replaces feature groups; deletes none."""

    serialize_as_secret_always = False

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse a name that somebody else holds, before anything is made."""
        failures = []
        if not _olds and isinstance(news["account_id"], str) and news["account_id"].isdigit():
            client = client_for(news["account_id"], news["region"], "sagemaker")
            if problem := calls.taken(client, news["base_name"], news["tags"]):
                failures.append(CheckFailure("base_name", problem))
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Take the newest group of this store that can be what `props` want, or make one under the next free name."""
        client = client_for(props["account_id"], props["region"], "sagemaker")
        if problem := calls.taken(client, props["base_name"], props["tags"]):
            raise calls.FeatureGroupError(problem)
        fitting = (found for found in calls.versions(client, props) if not _misfits(_as_stored(found), props))
        group = next(fitting, None)
        name = calls.make(client, props) if group is None else str(group["FeatureGroupName"])
        return CreateResult(id_=name, outs={**props, **_extend(client, name, props)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Replace only what AWS cannot change, and say so; `_olds` hold what the group has."""
        # AWS may write a key's name in another form than it was given.
        misfits = _misfits({**_olds["stored"], "onlineStoreConfig": _olds["onlineStoreConfig"]}, _news)
        if misfits:
            print(
                _warning(_olds, misfits), file=sys.stderr
            )  # Pulumi shows it with the plan, and while it is carried out
        elsewhere = [key for key in ("account_id", "region", "base_name") if _olds.get(key) != _news.get(key)]
        inputs = (*_KEYS, "featureDefinitions", "description", "tags")
        changed = any(_olds.get(key) != _news.get(key) for key in inputs)
        replaces = sorted({key for key, _ in misfits}) + elsewhere
        return DiffResult(changes=changed or bool(replaces), replaces=replaces, stables=[], delete_before_replace=False)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Add the features that the group does not have; one that is not wanted any more stays, unused."""
        client = client_for(_news["account_id"], _news["region"], "sagemaker")
        return UpdateResult(outs={**_news, **_extend(client, _id, _news)})

    def read(self, _id: str, props: dict[str, Any]) -> ReadResult:
        """Look what the group has now; one that somebody deleted is made again by the next update."""
        client = client_for(props["account_id"], props["region"], "sagemaker")
        found = calls.describe(client, _id)
        if found is None:
            return ReadResult("", {})
        return ReadResult(_id, {**props, "stored": _as_stored(found)})

    # No delete: the model that serves may still read the group.


@dataclass(frozen=True, kw_only=True)
class FeatureGroupArgs:
    """What a `FeatureGroup` is made from.

    Attributes
    ----------
    place : Place
        The only account that it works in.
    base_name : str
        The group's name; a later version of it has ``-v<number>`` behind it.
    record_identifier, event_time : str
        Names of two of the features.
    features : mapping of str to str
        ``String``, ``Integral`` or ``Fractional`` by feature name.
    description : str
        What one record is; kept with the record identifier, because a group's own can never be changed.
    key_arn : input of str
        Customer key of the online store.
    tags : mapping of str to str
        By which a group is known to be this store's.
    """

    place: Place
    base_name: str
    record_identifier: str
    event_time: str
    features: Mapping[str, str]
    description: str
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class FeatureGroup(Resource, module="features", name="FeatureGroup"):
    """A feature group with an online store.

    Attributes
    ----------
    group_name, arn : pulumi.Output[str]
        Of the group that the pipeline fills; the model that serves may still read an older one.
    """

    group_name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: FeatureGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the group. What the policy pack judges has the names that AWS's provider uses."""
        inputs = {
            "account_id": args.place.account_id,
            "region": args.place.region,
            "base_name": args.base_name,
            "description": args.description,
            "tags": {**args.tags, **calls.TAGS},
            "recordIdentifierFeatureName": args.record_identifier,
            "eventTimeFeatureName": args.event_time,
            "featureDefinitions": [
                {"featureName": feature, "featureType": kind} for feature, kind in args.features.items()
            ],
            "onlineStoreConfig": {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": args.key_arn}},
        }
        super().__init__(FeatureGroupProvider(), name, {**inputs, **dict.fromkeys(_OUTPUTS)}, opts)


def _types(definitions: list[dict[str, str]]) -> dict[str, str]:
    return {definition["featureName"]: definition["featureType"] for definition in definitions}


def _as_stored(found: Mapping[str, Any]) -> dict[str, Any]:
    """Write what AWS says of a group in the form of the inputs."""
    online = found.get("OnlineStoreConfig") or {}
    return {
        "recordIdentifierFeatureName": found["RecordIdentifierFeatureName"],
        "eventTimeFeatureName": found["EventTimeFeatureName"],
        "featureDefinitions": [
            {"featureName": feature["FeatureName"], "featureType": feature["FeatureType"]}
            for feature in found["FeatureDefinitions"]
        ],
        "onlineStoreConfig": {
            "enableOnlineStore": bool(online.get("EnableOnlineStore")),
            "securityConfig": {"kmsKeyId": (online.get("SecurityConfig") or {}).get("KmsKeyId")},
        },
    }


def _misfits(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what of a group would have to change that AWS cannot change: the input, and in words."""
    return list(_compared(stored, wanted))


def _compared(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, what in zip(_KEYS, ("record identifier", "event time", "key"), strict=True):
        if stored[key] != wanted[key]:
            shown = "" if what == "key" else f" from {stored[key]} to {wanted[key]}"
            yield key, f"its {what} changes{shown}"
    has = _types(stored["featureDefinitions"])
    for feature, kind in _types(wanted["featureDefinitions"]).items():
        if has.get(feature, kind) != kind:
            yield "featureDefinitions", f"{feature} changes from {has[feature]} to {kind}"


def _warning(olds: Mapping[str, Any], misfits: list[tuple[str, str]]) -> str:
    reasons = ", ".join(reason for _, reason in misfits)
    return (
        f"Feature group {olds['group_name']}: {reasons}, which AWS cannot change in place. Another one is made beside "
        "it, empty until the training pipeline has run. The model that serves goes on with the old group, whose values "
        "stay as they are, until a model that was trained with the new one is released. Run the pipeline after this "
        "update."
    )


def _extend(client: Any, name: str, props: Mapping[str, Any]) -> dict[str, Any]:
    found = calls.extend(client, name, _types(props["featureDefinitions"]))
    calls.explain(client, name, props["recordIdentifierFeatureName"], props["description"])
    return {"group_name": name, "arn": found["FeatureGroupArn"], "stored": _as_stored(found)}
