"""A replaced feature group goes when no package that may still be released names it, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from components.features import calls
from components.features.sweep import FeatureGroupSweepProvider
from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.local import REGION, Cloud
from tests.components.features.test_group import STACK, cloud, wanted

__all__ = ["cloud"]
PIPELINE = "swept-groups"
ROLE = f"arn:aws:iam::{LOCAL_ACCOUNT}:role/any"


class Store:
    """A store with one entity, whose group was replaced once; packages name groups."""

    def __init__(self, client: Any, name: str) -> None:
        self.client, self.name = client, name
        self.old, self.new = f"{name}-aircraft", f"{name}-aircraft-v2"
        for _ in range(2):
            calls.make(client, wanted(self.old))
        client.create_model_package_group(ModelPackageGroupName=name)
        self.provider = FeatureGroupSweepProvider()
        self.outs = self.props(self.new)

    def props(self, group: str) -> dict[str, Any]:
        """What the sweeper is made from when a group is the current one."""
        return {
            "account_id": LOCAL_ACCOUNT,
            "region": REGION,
            "name_prefix": f"{self.name}-",
            "tags": {**STACK, **calls.TAGS},
            "group_names": {"aircraft": group},
            "model_package_group_name": self.name,
            "pipeline_name": PIPELINE,
        }

    def package(self, group: str, status: str) -> str:
        """Register a package that names a group."""
        made = self.client.create_model_package(
            ModelPackageGroupName=self.name,
            ModelApprovalStatus=status,
            InferenceSpecification={"Containers": [{"Image": "image"}]},
            CustomerMetadataProperties={"feature_group_aircraft": group},
        )
        return str(made["ModelPackageArn"])

    def deploy(self, group: str = "") -> bool:
        """Deploy again, with another current group if one is named; say whether anything changed."""
        news = self.props(group or self.outs["group_names"]["aircraft"])
        if not self.provider.diff("id", self.outs, news).changes:
            return False
        self.outs = self.provider.update("id", self.outs, news).outs or {}
        return True

    @property
    def groups(self) -> list[str]:
        """What there is."""
        return calls.of(self.client, self.name)


@pytest.fixture
def store(cloud: Cloud, request: pytest.FixtureRequest) -> Store:
    client = cloud.client("sagemaker")
    if not client.list_pipelines(PipelineNamePrefix=PIPELINE)["PipelineSummaries"]:
        definition = '{"Version": "2020-12-01", "Parameters": [], "Steps": []}'
        client.create_pipeline(
            PipelineName=PIPELINE, RoleArn=ROLE, PipelineDefinition=definition, ClientRequestToken="t" * 32
        )
    return Store(client, f"store-{abs(hash(request.node.name)) % 10**8}")


@pytest.mark.parametrize("status", ["Approved", "PendingManualApproval"])
def test_a_group_that_a_package_names_stays_until_the_package_is_rejected(store: Store, status: str) -> None:
    package = store.package(store.old, status)
    assert not store.deploy()
    assert store.groups == [store.old, store.new]
    store.client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    assert store.deploy()
    assert store.groups == [store.new]
    assert not store.deploy()


def test_the_update_that_replaces_a_group_leaves_it_for_those_who_read_it_now(store: Store) -> None:
    store.outs = store.props(store.old)
    assert store.deploy(store.new)
    assert store.groups == [store.old, store.new]
    assert store.deploy()
    assert store.groups == [store.new]


def test_nothing_goes_while_a_pipeline_runs_that_may_name_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.features.sweep._running", lambda *_: True)
    assert not store.deploy()
    assert store.groups == [store.old, store.new]


def test_groups_of_others_stay_also_at_the_end(store: Store) -> None:
    other = f"{store.name}-of-another"
    calls.make(store.client, {**wanted(other), "tags": {"team": "another"}})
    store.provider.delete("id", store.outs)
    assert store.groups == [other]
    store.provider.delete("id", store.outs)
