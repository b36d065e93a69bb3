"""The environment as `make up` makes it: real resources, nothing to change afterwards, and an end without a rest."""

import json
from dataclasses import replace
from pathlib import Path

from status.environment import Environment
from tests.sandbox import place as places
from tests.sandbox.place import Place


def _resources(place: Place) -> list[dict[str, object]]:
    state = json.loads(place.pulumi("stack", "export", "--stack", "local").stdout)
    return [found for found in state["deployment"]["resources"] if str(found["type"]).startswith("aws:")]


def test_at_least_60_real_resources_stand_after_up(place: Place, environment: Environment) -> None:
    assert len(_resources(place)) >= 60


def test_dev_previews_in_the_account_that_its_settings_allow(tmp_path: Path) -> None:
    # Pulumi adds a salt to a stack's settings file when the stack is made, so not in the repository itself.
    own = places.make(tmp_path, HEADRACE_ACCOUNT="111122223333")
    own = replace(own, root=places.copy_of_the_repository(tmp_path / "copy"))
    own.cloud("start")
    try:
        own.pulumi("stack", "init", "dev")
        shown = own.pulumi("preview", "--stack", "dev", "--policy-pack", "policies")
        assert "+ " in shown.stdout
    finally:
        own.cloud("stop")


def test_dev_is_refused_in_another_account_before_anything_is_created(place: Place, tmp_path: Path) -> None:
    place = replace(place, root=places.copy_of_the_repository(tmp_path / "copy"))
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
    settings.write_text((place.root / "Pulumi.local.yaml").read_text().replace("approval: automatic\n", wrong))
    refused = place.pulumi("preview", "--stack", "local", "--config-file", str(settings), check=False)
    assert refused.returncode != 0
    for field in ("log_retention_days", "approval", "colour"):
        assert field in refused.stdout, refused.stdout
    assert "Traceback" not in refused.stdout
