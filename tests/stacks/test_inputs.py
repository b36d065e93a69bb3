"""What a person wrote wrongly is said without a traceback."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from stacks import inputs
from stacks.settings import Settings, SettingsError

GOOD = {"region": "eu-west-1", "allowed_account_ids": ["111122223333"]}


def settings(monkeypatch: pytest.MonkeyPatch, workload: str) -> None:
    read = Settings.from_mapping("dev", {**GOOD, "workload": workload})
    monkeypatch.setattr(Settings, "from_pulumi", lambda: read)


def test_settings_and_workload_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings(monkeypatch, "workloads/flights/workload.yaml")
    assert inputs.read()[1].name == "flights"


def test_a_broken_workload_is_shown_as_its_problems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "workload.yaml"
    broken.write_text("name: flights\n", encoding="utf-8")
    settings(monkeypatch, str(broken))
    with pytest.raises(pulumi.RunError, match=r"workload\.yaml.* must "):
        inputs.read()


def test_broken_settings_are_shown_as_their_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Settings:
        raise SettingsError("The settings cannot be used")

    monkeypatch.setattr(Settings, "from_pulumi", refuse)
    with pytest.raises(pulumi.RunError, match="The settings cannot be used"):
        inputs.read()
