"""Two environments in one account and region: neither names, changes or takes away what is the other's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from status.environment import Environment
from tests.sandbox import place as places
from tests.sandbox.place import Place

STACK = "localb"


@pytest.fixture
def beside(place: Place, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Another environment, from a copy of the repository, deployed while the shared one is; it goes again."""
    own = replace(place, root=places.copy_of_the_repository(tmp_path / "copy"))
    file = yaml.safe_load((own.root / "Pulumi.local.yaml").read_text())
    file["config"]["headrace:workloads"] = ["workloads/penguins/workload.yaml"]
    del file["config"]["headrace:owns_job_logs"]  # the account's, which one environment can have
    (own.root / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(file))
    own.pulumi("stack", "init", STACK, "--no-select")
    with ThreadPoolExecutor() as pool:
        up = ("up", "--stack", STACK, "--yes", "--skip-preview", "--policy-pack", "policies")
        deployed = pool.submit(own.pulumi, *up)
        request.getfixturevalue("environment")
    deployed.result()
    yield own
    own.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")
    own.pulumi("stack", "rm", STACK, "--yes")


def test_a_second_environment_comes_and_goes_beside_the_first(
    place: Place, beside: Place, environment: Environment
) -> None:
    other = Environment.told(STACK, outputs(beside, STACK), "penguins")
    assert other.own.endpoint_name == f"headrace-{STACK}-penguins"
    sagemaker: Any = environment.client("sagemaker")
    for name in (environment.own.endpoint_name, other.own.endpoint_name):
        assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
    ours, theirs = physical(place, "local"), physical(beside, STACK)
    assert len(theirs) > 100
    assert not ours & theirs
    alone = place.run(sys.executable, "-m", "stacks.others", "local", check=False)
    assert (alone.returncode, alone.stdout) == (1, f"kept       the local cloud runs on: {STACK} is in it\n")

    beside.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")
    assert place.run(sys.executable, "-m", "stacks.others", "local").stdout == ""
    # what AWS has, not what the state remembers
    place.pulumi("refresh", "--stack", "local", "--preview-only", "--expect-no-changes")


def outputs(place: Place, stack: str) -> dict[str, Any]:
    """Return what a stack tells."""
    found: dict[str, Any] = json.loads(place.pulumi("stack", "output", "--json", "--stack", stack).stdout)
    return found


def physical(place: Place, stack: str) -> set[tuple[str, str]]:
    """Return kind and id of all that a stack holds in AWS; what has none of its own is not among them."""
    state = json.loads(place.pulumi("stack", "export", "--stack", stack).stdout)
    return {
        (str(found["type"]), str(found["id"]))
        for found in state["deployment"]["resources"]
        if str(found["type"]).startswith("aws:")
    }
