"""The environment as `make up` makes it: real resources, nothing to change afterwards, and an end without a rest."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.environment import Environment
from tests.sandbox import place as places
from tests.sandbox.conftest import Released
from tests.sandbox.place import ROOT, Place


def _resources(place: Place) -> list[dict[str, object]]:
    state = json.loads(place.pulumi("stack", "export", "--stack", "local").stdout)
    return [found for found in state["deployment"]["resources"] if str(found["type"]).startswith("aws:")]


def test_at_least_60_real_resources_stand_after_up(place: Place, environment: Environment) -> None:
    assert len(_resources(place)) >= 60


def test_a_refresh_after_up_finds_nothing_to_change(place: Place, environment: Environment) -> None:
    place.pulumi(
        "preview", "--stack", "local", "--refresh", "--expect-no-changes", "--diff", "--policy-pack", "policies"
    )


def test_a_refresh_after_a_release_finds_nothing_to_change(place: Place, released: Released) -> None:
    place.pulumi(
        "preview", "--stack", "local", "--refresh", "--expect-no-changes", "--diff", "--policy-pack", "policies"
    )


@pytest.mark.usefixtures("dev_settings")
def test_dev_previews_in_the_account_that_its_settings_allow(tmp_path: Path) -> None:
    own = places.make(tmp_path, HEADRACE_ACCOUNT="111122223333")
    own.cloud("start")
    try:
        own.pulumi("stack", "init", "dev")
        shown = own.pulumi("preview", "--stack", "dev", "--policy-pack", "policies")
        assert "+ " in shown.stdout
    finally:
        own.cloud("stop")


@pytest.mark.usefixtures("dev_settings")
def test_dev_is_refused_in_another_account_before_anything_is_created(place: Place) -> None:
    place.pulumi("stack", "init", "dev", "--no-select")
    refused = place.pulumi("up", "--stack", "dev", "--yes", "--skip-preview", check=False)
    assert refused.returncode != 0
    assert "000000000000" in refused.stdout
    assert "Traceback" not in refused.stdout
    state = json.loads(place.pulumi("stack", "export", "--stack", "dev").stdout)
    assert not [found for found in state["deployment"].get("resources", []) if str(found["type"]).startswith("aws:")]


def test_impossible_settings_are_all_reported_at_once(place: Place, environment: Environment) -> None:
    settings = place.folder / "impossible.yaml"
    wrong = "approval: perhaps\n  headrace:log_retention_days: 7\n  headrace:colour: red\n"
    settings.write_text((ROOT / "Pulumi.local.yaml").read_text().replace("approval: automatic\n", wrong))
    refused = place.pulumi("preview", "--stack", "local", "--config-file", str(settings), check=False)
    assert refused.returncode != 0
    for field in ("log_retention_days", "approval", "colour"):
        assert field in refused.stdout, refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.fixture
def dev_settings() -> Iterator[None]:
    """Pulumi adds a salt to a stack's settings file when the stack is made: take it out again."""
    file = ROOT / "Pulumi.dev.yaml"
    before = file.read_text()
    yield
    file.write_text(before)
