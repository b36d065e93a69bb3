"""Whole environments, registered against mocks: as the settings files ask for them, and one that is held strictly."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from stacks import environment as program_of
from stacks.inputs import Chosen, Inputs, checked
from stacks.providers import aws_provider
from tests.components.recording import ACCOUNT, REGION, Recording, record
from tests.stacks.test_settings import values_of
from workloads.spec import Workload

REPOSITORY = Path(__file__).resolve().parents[2]
FLIGHTS = "workloads/flights/workload.yaml"
FILES = ("local", "dev")
"""The environments that have a settings file."""

PROD: dict[str, object] = {
    "approval": "manual",
    "force_destroy": False,
    "owns_job_logs": True,
    "endpoint_instance_count": 2,
    "log_retention_days": 365,
}
"""What an environment whose data are not to be lost would say."""

EVERY = (*FILES, "prod")


def environment(name: str, **values: object) -> tuple[Recording, dict[str, Any]]:
    """Register the whole environment against mocks; return what was registered and the outputs' names."""
    return registered(inputs(name, **values))


def inputs(name: str, **values: object) -> Inputs:
    """Return settings and workloads of an environment of the flights, with other settings where they are given."""
    given = {
        "region": REGION,
        "allowed_account_ids": ["000000000000" if name.startswith("local") else ACCOUNT],
        "workloads": [FLIGHTS],
        "approval": "automatic",
        "force_destroy": name == "local",
        "owns_job_logs": name == "local",
        **values,
    }
    return checked(name, given, REPOSITORY)


def together(environment_name: str, *workloads: Workload) -> Inputs:
    """Return the inputs of an environment with these workloads, which need no files."""
    made = inputs(environment_name)
    (chosen,) = made.workloads
    every = tuple(Chosen(workload=one, file=f"{one.name}.yaml", choices=chosen.choices) for one in workloads)
    return replace(made, workloads=every)


@cache
def of(name: str) -> Recording:
    """Register one of `EVERY` with the flights alone, once for all tests of a process."""
    if name in FILES:
        return environment(name, **{**values_of(name), "region": REGION, "workloads": [FLIGHTS]})[0]
    return environment(name, **PROD)[0]


def registered(read: Inputs) -> tuple[Recording, dict[str, Any]]:
    """Register an environment against mocks; return what was registered and the outputs' names."""
    told: dict[str, Any] = {}

    def program() -> None:
        told.update(program_of.environment(read, aws_provider(read.settings)).as_dict())

    return record(program, stack=read.settings.environment), told
