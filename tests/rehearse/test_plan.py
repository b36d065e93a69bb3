"""What a rehearsal asks about is what the program declares."""

from __future__ import annotations

import json
import re

import pytest

from rehearse.documents import CARRIERS
from rehearse.names import KINDS, WITHIN
from rehearse.plan import UNNAMED, Plan
from rehearse.quotas import Need, needs
from stacks.settings import Settings, SettingsError
from tests.rehearse.conftest import planned


def test_every_name_that_the_program_chooses_is_asked_about(local: Plan) -> None:
    fixed = {found.type for found in local.resources if found.fixed_name}
    assert fixed == {*KINDS, *WITHIN}


def test_every_policy_that_the_program_writes_is_validated(local: Plan) -> None:
    """A policy is JSON with statements, wherever a resource carries it."""
    carriers = {
        (found.type, member)
        for found in local.resources
        for member, value in found.inputs.items()
        if isinstance(value, str) and '"Statement"' in value
    }
    assert carriers == {(type_, carrier.member) for type_, carrier in CARRIERS.items()}


def test_no_name_in_a_document_is_left_out(local: Plan) -> None:
    for found in local.resources:
        for arn in re.findall(r"arn:[^\"\\]*", json.dumps(dict(found.inputs), default=str)):
            assert not re.search(r"None|Output|<|::::", arn), (found.name, arn)


def test_names_that_pulumi_chooses_are_told_apart(local: Plan) -> None:
    (raw,) = (found for found in local.of("aws:s3/bucket:Bucket") if found.name == "lake-raw-bucket")
    assert (raw.fixed_name, raw.arn) == ("", f"arn:aws:s3:::lake-raw-bucket-{UNNAMED}")


def test_an_update_needs_twice_the_endpoints_instances() -> None:
    larger = planned(
        endpoint_instance_count=3, endpoint_instance_type="ml.c5.large", training_instance_type="ml.m5.xlarge"
    )
    wanted = {need.quota: need.amount for need in needs(larger)}
    assert wanted == {
        "ml.c5.large for endpoint usage": 6,
        "ml.m5.xlarge for processing job usage": 1,
        "ml.m5.xlarge for training job usage": 1,
        "Concurrently running builds for Linux/Small environment": 1,
    }
    assert all(isinstance(need, Need) and need.why for need in needs(larger))


def test_all_workloads_need_their_instances_at_once(three: Plan) -> None:
    wanted = {need.quota: need.amount for need in needs(three)}
    assert wanted == {
        "ml.m5.large for endpoint usage": 8,
        "ml.m5.large for processing job usage": 3,
        "ml.m5.large for training job usage": 3,
        "Concurrently running builds for Linux/Small environment": 1,
    }


def test_an_instance_type_with_storage_of_its_own_is_refused_by_the_settings() -> None:
    with pytest.raises(SettingsError, match="without local NVMe storage"):
        Settings.from_mapping(
            "dev",
            {
                "region": "us-east-1",
                "allowed_account_ids": ["111122223333"],
                "workloads": ["workloads/flights/workload.yaml"],
                "endpoint_instance_type": "ml.m5d.large",
            },
        )
