"""What all providers of our own have in common: nothing of theirs goes before its successor is there."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pulumi.dynamic import ResourceProvider

from components import identity
from components.births import calls as births
from components.endpoint.birth import EndpointBirthProvider, EndpointEndProvider
from components.features import sweep
from components.features.group import FeatureGroupProvider
from components.features.sweep import FeatureGroupSweepProvider
from components.identity import IdentityProvider
from components.image.build import ImageBuildProvider
from components.role_rest import RoleRestProvider
from components.sweeper import PackageSweepProvider, ReleaseSweepProvider
from components.tracking.birth import TrackingBirthProvider

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
# Modules in which deployed states look for each provider, the last of them the one that it is in.
HELD: dict[type[ResourceProvider], tuple[str, ...]] = {
    EndpointBirthProvider: ("components.endpoint_birth", "components.endpoint.birth"),
    EndpointEndProvider: ("components.endpoint_birth", "components.endpoint.birth"),
    FeatureGroupProvider: ("components.feature_group", "components.features.group"),
    FeatureGroupSweepProvider: ("components.feature_group_sweep", "components.features.sweep"),
    IdentityProvider: ("components.identity",),
    ImageBuildProvider: ("components.image_build", "components.image.build"),
    PackageSweepProvider: ("components.sweeper",),
    ReleaseSweepProvider: ("components.sweeper",),
    RoleRestProvider: ("components.role_rest",),
    TrackingBirthProvider: ("components.tracking_birth", "components.tracking.birth"),
}


@pytest.mark.parametrize(("provider", "modules"), HELD.items())
def test_a_deployed_state_finds_its_providers(provider: type[ResourceProvider], modules: tuple[str, ...]) -> None:
    """Pulumi pickles a provider by module and class, and deletes with what is there. Who moves one adds a module."""
    assert provider.__module__ == modules[-1]
    for module in modules:
        held = f"c{module}\n{provider.__name__}\n.".encode()
        assert pickle.loads(held) is provider  # noqa: S301 (our own bytes)


def test_every_provider_is_one_that_states_find() -> None:
    assert {type(provider) for provider, *_ in CASES} == set(HELD)


@pytest.mark.parametrize(("provider", "olds", "changes", "replaces"), CASES)
def test_a_change_is_seen_and_what_is_replaced_goes_last(
    monkeypatch: pytest.MonkeyPatch,
    provider: ResourceProvider,
    olds: dict[str, Any],
    changes: dict[str, Any],
    replaces: list[str],
) -> None:
    monkeypatch.setattr(births, "status", lambda *_: None)
    monkeypatch.setattr(sweep, "_unused", lambda *_: [])
    monkeypatch.setattr(identity, "_account", lambda _: "1")
    diff = provider.diff("id", olds, {**olds, **changes})
    assert (diff.changes, diff.replaces, diff.delete_before_replace) == (True, replaces, False)
    assert provider.diff("id", olds, olds).changes is False


@pytest.mark.parametrize("provider", [provider for provider, *_ in CASES])
def test_a_provider_holds_no_secret_so_that_plans_show_it_as_it_is(provider: ResourceProvider) -> None:
    assert provider.serialize_as_secret_always is False
