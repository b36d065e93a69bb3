"""What all providers of our own have in common: nothing of theirs goes before its successor is there."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.dynamic import ResourceProvider

from components import births, feature_group_sweep, identity
from components.endpoint_birth import EndpointBirthProvider, EndpointEndProvider
from components.feature_group import FeatureGroupProvider
from components.feature_group_sweep import FeatureGroupSweepProvider
from components.identity import IdentityProvider
from components.image_build import ImageBuildProvider
from components.role_rest import RoleRestProvider
from components.sweeper import PackageSweepProvider, ReleaseSweepProvider
from components.tracking_birth import TrackingBirthProvider

ONLINE = {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": "k"}}
GROUP: dict[str, Any] = {
    "recordIdentifierFeatureName": "id",
    "eventTimeFeatureName": "at",
    "featureDefinitions": [{"featureName": "id", "featureType": "String"}],
    "onlineStoreConfig": ONLINE,
    "group_name": "g",
}
IS = {"environment": "dev", "region": "r", "account_id": "1", "allowed_account_ids": ["1"]}
# a provider, what its resource was made from, what is changed, and what replaces it
CASES: list[tuple[ResourceProvider, dict[str, Any], dict[str, Any], list[str]]] = [
    (EndpointBirthProvider(), {"endpoint_name": "e", "image_uri": "a"}, {"image_uri": "b"}, []),
    (EndpointEndProvider(), {"endpoint_name": "e", "tags": {}}, {"tags": {"a": "b"}}, []),
    (TrackingBirthProvider(), {"server_name": "s", "tags": {}}, {"tags": {"a": "b"}}, []),
    (RoleRestProvider(), {"role_arn": "a"}, {"role_arn": "b"}, ["role_arn"]),
    (FeatureGroupSweepProvider(), {"name_prefix": "a"}, {"name_prefix": "b"}, []),
    (IdentityProvider(), IS, {"allowed_account_ids": ["1", "2"]}, []),
    (ImageBuildProvider(), {"digest": "a", "bucket": "b"}, {"digest": "b"}, ["digest"]),
    (ImageBuildProvider(), {"digest": "a", "bucket": "b"}, {"bucket": "c"}, []),
    (PackageSweepProvider(), {"model_package_group_name": "a"}, {"model_package_group_name": "b"}, []),
    (ReleaseSweepProvider(), {"name_prefix": "a"}, {"name_prefix": "b"}, []),
    (FeatureGroupProvider(), {**GROUP, "stored": GROUP}, {"description": "new"}, []),
    (FeatureGroupProvider(), {**GROUP, "stored": GROUP}, {"eventTimeFeatureName": "b"}, ["eventTimeFeatureName"]),
]


@pytest.mark.parametrize(("provider", "olds", "changes", "replaces"), CASES)
def test_a_change_is_seen_and_what_is_replaced_goes_last(
    monkeypatch: pytest.MonkeyPatch,
    provider: ResourceProvider,
    olds: dict[str, Any],
    changes: dict[str, Any],
    replaces: list[str],
) -> None:
    monkeypatch.setattr(births, "status", lambda *_: None)
    monkeypatch.setattr(feature_group_sweep, "_unused", lambda *_: [])
    monkeypatch.setattr(identity, "_account", lambda _: "1")
    diff = provider.diff("id", olds, {**olds, **changes})
    assert (diff.changes, diff.replaces, diff.delete_before_replace) == (True, replaces, False)
    assert provider.diff("id", olds, olds).changes is False


@pytest.mark.parametrize("provider", [provider for provider, *_ in CASES])
def test_a_provider_holds_no_secret_so_that_plans_show_it_as_it_is(provider: ResourceProvider) -> None:
    assert provider.serialize_as_secret_always is False
