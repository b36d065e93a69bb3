"""Which instances take a volume key: every family that SageMaker knows is in one list, and the pack's list agrees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from components.endpoint import ServingPolicy
from components.instance_types import LOCAL_STORAGE, has_local_storage, takes_volume_key
from policies.rules.sagemaker import endpoint_volume_key


def instance_types() -> Iterator[str]:
    """Every instance type that botocore lists for endpoints, training and processing."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    places: dict[str, Any] = {
        "CreateEndpointConfig": lambda shape: shape.members["ProductionVariants"].member,
        "CreateTrainingJob": lambda shape: shape.members["ResourceConfig"],
        "CreateProcessingJob": lambda shape: shape.members["ProcessingResources"].members["ClusterConfig"],
    }
    for action, member in places.items():
        yield from member(model.operation_model(action).input_shape).members["InstanceType"].enum


def test_every_family_of_sagemaker_is_known() -> None:
    every = set(instance_types())
    assert len(every) > 200
    undecided = {kind for kind in every if has_local_storage(kind) == takes_volume_key(kind)}
    assert not undecided, "look them up in EC2's list of instance store volumes"


@pytest.mark.parametrize("family", ["dl1", "g7", "g7e", "p6-b300", "p6e-gb200", "m5d", "g4dn", "p4de", "c6gd"])
def test_a_family_with_local_storage_takes_no_key(family: str) -> None:
    assert has_local_storage(f"ml.{family}.48xlarge")
    assert not takes_volume_key(f"ml.{family}.48xlarge")


def test_a_family_that_nobody_knows_is_neither() -> None:
    assert not has_local_storage("ml.q9.large")
    assert not takes_volume_key("ml.q9.large")


def test_the_policy_pack_has_the_same_list() -> None:
    assert endpoint_volume_key.NVME_WITHOUT_D == LOCAL_STORAGE


@pytest.mark.parametrize("instance_type", ["ml.g7e.2xlarge", "ml.q9.large"])
def test_a_serving_policy_names_an_instance_whose_volume_takes_the_key(instance_type: str) -> None:
    (problem,) = [said for holds, said in ServingPolicy(instance_type=instance_type).rules() if not holds]
    assert problem.startswith("`serving_policy.instance_type` must be")
    assert f"got {instance_type!r}" in problem
