"""Whole environments, registered against mocks: as the settings files ask for them, and one that is held strictly."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stacks import environment as program_of
from stacks.providers import aws_provider, tags
from stacks.settings import Settings
from tests.components.recording import ACCOUNT, REGION, Recording, record
from tests.stacks.test_settings import from_file
from workloads.spec import load

REPOSITORY = Path(__file__).resolve().parents[2]
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


def environment(name: str, **values: object) -> tuple[Recording, dict[str, object]]:
    """Register the whole environment against mocks; return what was registered and the outputs' names."""
    settings = Settings.from_mapping(
        name,
        {
            "region": "eu-west-1",
            "allowed_account_ids": ["000000000000" if name == "local" else ACCOUNT],
            "workload": "workloads/flights/workload.yaml",
            "approval": "automatic",
            "force_destroy": name == "local",
            "owns_job_logs": name == "local",
            **values,
        },
    )
    return _registered(settings)


@cache
def of(name: str) -> Recording:
    """Register one of `EVERY`, once for all tests of a process."""
    if name in FILES:
        return _registered(from_file(name).model_copy(update={"region": REGION}))[0]
    return environment(name, **PROD)[0]


def _registered(settings: Settings) -> tuple[Recording, dict[str, object]]:
    workload = load(REPOSITORY / settings.workload)
    told: dict[str, object] = {}

    def program() -> None:
        provider = aws_provider(settings, tags(settings, workload.name))
        told.update(program_of.environment(settings, workload, provider))

    return record(program, stack=settings.environment), told
