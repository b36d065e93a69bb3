"""What a stack tells is read back as the program wrote it, and what it does not tell is said."""

from __future__ import annotations

from typing import Any

import pytest

from status.environment import Environment, NotDeployedError
from tests.stacks.environments import environment
from tests.status.told import OWN, TOLD


def test_what_the_program_tells_is_what_is_read() -> None:
    written = environment("local")[1]
    assert written.keys() == TOLD.keys()
    assert written["workloads"]["flights"].keys() == OWN.keys()
    found = Environment.told("local", TOLD, "flights")
    assert (found.outputs.raw_bucket, found.own.endpoint_name) == ("raw", "flights")


def test_an_approver_that_is_not_there_is_none() -> None:
    """Pulumi leaves out what is None."""
    own = {name: value for name, value in OWN.items() if name != "approver_state_machine_arn"}
    found = Environment.told("local", {**TOLD, "workloads": {"flights": own}}, "flights")
    assert found.own.approver_state_machine_arn is None


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "The stack must tell region, raw_bucket"),
        ({name: value for name, value in TOLD.items() if name != "code_digest"}, "must tell code_digest, and does not"),
        ({**TOLD, "workloads": {"flights": {}}}, "must tell workloads.flights.workload_digest"),
        ({**TOLD, "workloads": {"trains": OWN}}, "must be one of the stack local's (trains), got flights"),
    ],
)
def test_what_is_missing_is_said(told: dict[str, Any], said: str) -> None:
    with pytest.raises(NotDeployedError) as caught:
        Environment.told("local", told, "flights")
    assert said in str(caught.value)


def test_every_workload_is_told_and_none_is_said() -> None:
    told = {**TOLD, "workloads": {"trains": OWN, "flights": OWN}}
    assert [found.workload for found in Environment.every("local", told)] == ["flights", "trains"]
    with pytest.raises(NotDeployedError, match="local has no workload yet: `make up ENV=local`"):
        list(Environment.every("local", {}))
