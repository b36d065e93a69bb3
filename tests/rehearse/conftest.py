"""A local cloud that rehearsals ask, with quotas that a test may set, and the environment that they are about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearse.asking import Aws
from rehearse.plan import Plan, plan
from sandbox.cloud import credentials
from sandbox.cloud.settings import LOCAL_ACCOUNT
from stacks.inputs import checked
from tests.cloud.local import REGION, Cloud, started

ROOT = Path(__file__).parents[2]
FLIGHTS = "workloads/flights/workload.yaml"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud."""
    with started(Cloud, tmp_path_factory.mktemp("rehearse")) as made:
        yield made


@pytest.fixture
def aws(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS as a rehearsal sees it, from this process."""
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.settings.endpoint_url,
        **credentials.of(cloud.settings.folder),
    }.items():
        monkeypatch.setenv(name, value)
    return Aws(REGION)


@pytest.fixture
def quotas(cloud: Cloud) -> Iterator[Callable[..., None]]:
    """``quotas({"name": 0})`` says what the account has."""
    path = cloud.settings.folder / "quotas.json"

    def write(values: dict[str, Any]) -> None:
        path.write_text(json.dumps(values))

    yield write
    path.unlink(missing_ok=True)


def planned(**settings: Any) -> Plan:
    """The environment `local` of the flights, with other settings where they are given."""
    values = {
        "region": REGION,
        "allowed_account_ids": [LOCAL_ACCOUNT],
        "workloads": [FLIGHTS],
        "approval": "automatic",
        "owns_job_logs": True,
        **settings,
    }
    return plan(checked("local", values, ROOT), LOCAL_ACCOUNT)


@pytest.fixture(scope="session")
def three() -> Plan:
    """The environment `local` of three workloads, one of which has twice the instances."""
    more = {"file": "workloads/delays/workload.yaml", "endpoint_instance_count": 2}
    return planned(workloads=[FLIGHTS, more, "workloads/penguins/workload.yaml"])


@pytest.fixture(scope="session")
def local() -> Plan:
    """The environment `local` of the flights."""
    return planned()
