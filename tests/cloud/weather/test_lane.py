"""A command is run once a seed; only the quota that its message asks for is a reason to run it again."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import lane
from sandbox.cloud import process
from tests.cloud.local import Cloud
from tests.ports import free_port

TWICE = """
import os, pathlib, sys
seen = pathlib.Path(os.environ["HEADRACE_STATE"]) / "seen"
if seen.exists():
    sys.exit(0)
seen.touch()
pathlib.Path(sys.argv[1]).write_text("logged")
sys.exit("%s")
"""


@pytest.mark.parametrize(("message", "failed"), [("Cannot have more than 0 builds in queue", 0), ("something else", 1)])
def test_only_the_quota_is_worth_another_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    message: str,
    failed: int,
) -> None:
    monkeypatch.setattr(lane, "_FOLDER", tmp_path)
    environ = {**os.environ, "HEADRACE_PORT": str(free_port())}
    assert lane.run([sys.executable, "-c", TWICE % message, "{}/own.log"], [1], environ) == failed
    said = capsys.readouterr().out
    assert said.startswith("seed 1    failed with exit code 1, see " if failed else "seed 1    passed when the quota")
    assert (tmp_path / "1" / "own.log").read_text() == "logged"
    assert message in (tmp_path / "1" / "output.log").read_text()


def test_a_running_cloud_keeps_its_weather_and_says_so(cloud: Cloud) -> None:
    assert process.start(replace(cloud.settings, weather="bad")).running
    assert process.start(replace(cloud.settings, weather="fair")).running
    with pytest.raises(process.LocalCloudError, match=r"`bad 1`, not `bad 2`\. Stop it first"):
        process.start(replace(cloud.settings, weather="bad", seed=2))
