"""Two environments in one account and region: neither names, changes or takes away what is the other's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
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
def beside(place: Place, environment: Environment, tmp_path: Path) -> Iterator[Place]:
    """A copy of the repository with settings of another environment, whose stack goes again."""
    own = replace(place, root=places.copy_of_the_repository(tmp_path / "copy"))
    file = yaml.safe_load((own.root / "Pulumi.local.yaml").read_text())
    file["config"]["headrace:workloads"] = ["workloads/penguins/workload.yaml"]
    del file["config"]["headrace:owns_job_logs"]  # the account's, which one environment can have
    (own.root / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(file))
    own.pulumi("stack", "init", STACK, "--no-select")
    yield own
    own.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")
    own.pulumi("stack", "rm", STACK, "--yes")


def test_a_second_environment_comes_and_goes_beside_the_first(
    place: Place, environment: Environment, beside: Place
) -> None:
    before = physical(place, "local")
    beside.pulumi("up", "--stack", STACK, "--yes", "--skip-preview", "--policy-pack", "policies")
    other = Environment.told(STACK, outputs(beside, STACK), "penguins")
    assert other.own.endpoint_name == f"headrace-{STACK}-penguins"
    sagemaker: Any = environment.client("sagemaker")
    for name in (environment.own.endpoint_name, other.own.endpoint_name):
        assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
    theirs = physical(beside, STACK)
    assert len(theirs) > 100
    assert not {(kind, name) for kind, name in theirs if (kind, name) in before}
    # what AWS has, not what the files say: other tests edit this environment from files of their own
    place.pulumi("refresh", "--stack", "local", "--preview-only", "--expect-no-changes")
    alone = place.run(sys.executable, "-m", "stacks.others", "local", check=False)
    assert (alone.returncode, alone.stdout) == (1, f"kept       the local cloud runs on: {STACK} is in it\n")

    beside.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")
    assert place.run(sys.executable, "-m", "stacks.others", "local").stdout == ""
    place.pulumi("refresh", "--stack", "local", "--preview-only", "--expect-no-changes")
    assert physical(place, "local") == before


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
