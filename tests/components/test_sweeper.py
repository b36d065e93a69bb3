"""The sweepers, against the local cloud: what goes, what stays, and that the account is checked first."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import dill
import pytest

from components import sweeper
from components.account import WrongAccountError
from components.names import RELEASE_TAGS
from components.sweeper import PackageSweepProvider, ReleaseSweepProvider
from sandbox.cloud import credentials
from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.local import REGION, Cloud, started

GROUP = "swept"
TAGS = {**RELEASE_TAGS, "headrace:stack": "test"}
PACKAGES = {
    "account_id": LOCAL_ACCOUNT,
    "region": REGION,
    "model_package_group_name": GROUP,
    "pipeline_name": "swept",
}
RELEASED = {"account_id": LOCAL_ACCOUNT, "region": REGION, "name_prefix": "test-flights--", "tags": TAGS}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the providers' own clients reach, as they reach AWS."""
    with started(Cloud, tmp_path_factory.mktemp("sweeper")) as made, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.settings.endpoint_url)
        for name, value in credentials.of(made.settings.folder).items():
            monkeypatch.setenv(name, value)
        yield made


def packages(cloud: Cloud) -> list[str]:
    """The ARNs in the group."""
    found = cloud.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]
    return [package["ModelPackageArn"] for package in found]


def make_packages(cloud: Cloud, count: int) -> None:
    """Fill the group."""
    for _ in range(count):
        cloud.client("sagemaker").create_model_package(
            ModelPackageGroupName=GROUP, InferenceSpecification={"Containers": [{"Image": "image"}]}
        )


def make_released(cloud: Cloud, name: str, tags: dict[str, str]) -> None:
    """Make a model and a configuration of one name."""
    client = cloud.client("sagemaker")
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    role = f"arn:aws:iam::{LOCAL_ACCOUNT}:role/serving"
    client.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "image"}, Tags=listed)
    variant: dict[str, Any] = {"VariantName": "live", "ModelName": name}
    variant |= {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=listed)


def names(cloud: Cloud) -> set[str]:
    """What models and configurations there are."""
    client = cloud.client("sagemaker")
    models = {model["ModelName"] for model in client.list_models()["Models"]}
    configs = {config["EndpointConfigName"] for config in client.list_endpoint_configs()["EndpointConfigs"]}
    assert models == configs
    return models


def test_the_group_is_emptied_and_can_then_be_deleted(cloud: Cloud) -> None:
    cloud.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
    make_packages(cloud, 12)
    PackageSweepProvider().delete("id", PACKAGES)
    assert packages(cloud) == []
    PackageSweepProvider().delete("id", PACKAGES)
    cloud.client("sagemaker").delete_model_package_group(ModelPackageGroupName=GROUP)
    PackageSweepProvider().delete("id", PACKAGES)


class Pipeline:
    """A pipeline of which two executions run; one that is stopped ends when it is looked at again."""

    def __init__(self) -> None:
        self.statuses = {"one": "Executing", "two": "Stopping", "three": "Succeeded"}

    def get_paginator(self, operation: str) -> Any:
        """Give the pages of what there is."""
        return {"list_pipeline_executions": SimpleNamespace(paginate=self._pages)}[operation]

    def _pages(self, **_: str) -> list[dict[str, Any]]:
        """Show what there is behind an empty page; what is being stopped ends after that."""
        shown = [
            {"PipelineExecutionArn": arn, "PipelineExecutionStatus": status} for arn, status in self.statuses.items()
        ]
        self.statuses = {arn: "Stopped" if status == "Stopping" else status for arn, status in self.statuses.items()}
        return [{"PipelineExecutionSummaries": part} for part in ([], shown[:1], shown[1:])]

    def stop_pipeline_execution(self, **given: str) -> None:
        """Begin to stop one."""
        assert self.statuses[given["PipelineExecutionArn"]] == "Executing"
        assert 32 <= len(given["ClientRequestToken"]) <= 128
        self.statuses[given["PipelineExecutionArn"]] = "Stopping"


def test_what_runs_is_stopped_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "_PAUSE_SECONDS", 0)
    pipeline = Pipeline()
    sweeper.stop_executions(pipeline, "swept")
    assert pipeline.statuses == {"one": "Stopped", "two": "Stopped", "three": "Succeeded"}


def test_what_does_not_stop_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "_STOP_SECONDS", -1)
    with pytest.raises(sweeper.SweepError, match="one, two"):
        sweeper.stop_executions(Pipeline(), "swept")


def test_only_what_releases_of_this_stack_made_is_deleted(cloud: Cloud) -> None:
    make_released(cloud, "test-flights--v1-p1-12345678", TAGS)
    make_released(cloud, "test-flights--v2-p1-12345678", {**TAGS, "more": "tags"})
    make_released(cloud, "test-flights-bootstrap", {"headrace:stack": "test"})
    make_released(cloud, "test-flights-of-another", {**TAGS, "headrace:stack": "other"})
    make_released(cloud, "another-test-flights--v1", TAGS)
    make_released(cloud, "test-flights-2--v1-p1-12345678", TAGS)
    ReleaseSweepProvider().delete("id", RELEASED)
    assert names(cloud) == {
        "test-flights-bootstrap",
        "test-flights-of-another",
        "another-test-flights--v1",
        "test-flights-2--v1-p1-12345678",
    }
    ReleaseSweepProvider().delete("id", RELEASED)


@pytest.mark.parametrize("provider", [PackageSweepProvider(), ReleaseSweepProvider()])
def test_another_account_is_left_alone(cloud: Cloud, provider: Any) -> None:
    make_released(cloud, f"test-flights-{type(provider).__name__}", TAGS)
    before = names(cloud)
    with pytest.raises(WrongAccountError, match="111122223333"):
        provider.delete("id", {**PACKAGES, **RELEASED, "account_id": "111122223333"})
    assert names(cloud) == before


@pytest.mark.parametrize("provider", [PackageSweepProvider(), ReleaseSweepProvider()])
def test_an_update_sweeps_nothing(provider: Any) -> None:
    same = provider.diff("id", {**RELEASED, "__provider": "x"}, {**RELEASED, "__provider": "y"})
    other = provider.diff("id", RELEASED, {**RELEASED, "name_prefix": "other"})
    assert (same.changes, other.changes) == (False, True)
    assert other.replaces == []
    assert provider.update("id", RELEASED, {**RELEASED, "name_prefix": "other"}).outs["name_prefix"] == "other"


@pytest.mark.parametrize("provider", [PackageSweepProvider(), ReleaseSweepProvider()])
def test_the_serialised_provider_names_its_class_and_nothing_more(provider: Any) -> None:
    assert len(dill.dumps(provider, protocol=0)) < 300


@pytest.mark.parametrize("provider", [PackageSweepProvider(), ReleaseSweepProvider()])
def test_nothing_is_ever_replaced_for_that_would_sweep(provider: PackageSweepProvider | ReleaseSweepProvider) -> None:
    before, after = {"__provider": "old", "a": 1}, {"__provider": "new", "a": 2}
    changed, same = provider.diff("id", before, after), provider.diff("id", before, {"__provider": "new", "a": 1})
    assert (changed.changes, changed.replaces, changed.delete_before_replace) == (True, [], False)
    assert same.changes is False
    assert provider.diff("id", {"a": 1}, {"a": 1, "b": 2}).changes is True
