"""An engine is made once, whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import build, find, install, pins
from tests.processes import inheriting

Machine = dict[str, str]
COMMAND = [sys.executable, "-m", "sandbox", "engine", "install"]
ROOT = Path(__file__).resolve().parents[2]


def _builds(machine: Machine) -> int:
    calls = Path(machine["GO_CALLS"])
    return sum(line.startswith("build") for line in calls.read_text().splitlines()) if calls.exists() else 0


def _wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_an_engine_has_every_part_in_its_place(machine: Machine) -> None:
    engine = install.install(machine)
    assert engine.bridged
    assert engine.pulumi == engine.bin / "pulumi"
    names = {path.name for path in engine.bin.iterdir()}
    assert names == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
        "language_host.py",
    }
    plugin = engine.home / "plugins" / f"resource-aws-v{pins.AWS_PLUGIN}"
    assert os.access(plugin / "pulumi-resource-aws", os.X_OK)
    assert [link.resolve().read_bytes() for link in (plugin / "provider").iterdir()] == [b"provider"]


def test_a_second_installation_builds_nothing(machine: Machine) -> None:
    first = install.install(machine)
    built = _builds(machine)
    assert install.install(machine) == first
    assert _builds(machine) == built == 1


def test_the_digest_follows_what_the_engine_is_made_from(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "engine"
    shutil.copytree(build.HERE, copy)
    monkeypatch.setattr(build, "HERE", copy)
    before = install.plan(machine).digest
    assert install.plan(machine).digest == before
    for name in ("bridge/go.sum", "bridge/go.mod", "bridge/main.go", "bridge/aws_resources.json", "language_host.py"):
        text = (copy / name).read_bytes()
        (copy / name).write_bytes(text + b"\n")
        assert install.plan(machine).digest != before, name
        (copy / name).write_bytes(text)
    assert install.plan(machine).digest == before


def test_another_provider_makes_another_engine(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other" / f"terraform-provider-aws_v{pins.TERRAFORM_AWS}"
    other.parent.mkdir()
    other.write_bytes(b"another")
    changed = machine | {find.PROVIDER_SETTING: str(other)}
    assert install.plan(changed).digest != install.plan(machine).digest


@pytest.mark.parametrize("inherited", ["SIG_DFL", "SIG_IGN"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_build_is_not_taken_for_done(machine: Machine, how: signal.Signals, inherited: str) -> None:
    process = subprocess.Popen(
        inheriting(inherited, COMMAND), cwd=ROOT, env=machine | {"GO_PAUSE": "30"}, start_new_session=True
    )
    _wait_for(lambda: _builds(machine) == 1)
    os.killpg(process.pid, how)
    assert process.wait(10) in {-how, 130}
    assert install.locate(machine) is None
    engine = install.install(machine)
    assert engine.pulumi.is_file()
    left = [path.name for path in install.cache_folder(machine).iterdir() if path.is_dir()]
    assert left == [engine.folder.name]


def test_two_installations_at_once_build_once(machine: Machine) -> None:
    running = [
        subprocess.Popen(COMMAND, cwd=ROOT, env=machine | {"GO_PAUSE": "1"}, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert printed[0] == printed[1]
    assert _builds(machine) == 1


def test_a_failed_build_tells_what_go_said_and_leaves_nothing(machine: Machine) -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, env=machine | {"GO_FAILS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no route to the module proxy" in done.stderr
    assert "`go build` in sandbox/engine/bridge failed with exit code 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert install.locate(machine) is None


def test_progress_names_each_part_and_its_time(machine: Machine) -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, env=machine, capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    what = f"pulumi {pins.PULUMI}, bridge to Terraform's AWS {pins.TERRAFORM_AWS}"
    assert [line.rpartition(":")[0] for line in lines[:2]] == [f"[1/2] {what}: download", f"[2/2] {what}: build"]
    assert all(line.endswith(" s") for line in lines[:2])
    assert done.stdout.strip() == str(install.cache_folder(machine) / install.plan(machine).digest)


def test_an_official_pulumi_needs_only_the_bridge(machine: Machine, tmp_path: Path) -> None:
    official = tmp_path / "official"
    official.mkdir()
    for name in ("pulumi", "pulumi-language-python"):
        (official / name).write_text("#!/bin/sh\necho v3.300.0\n")
        (official / name).chmod(0o755)
    machine["PATH"] = f"{official}:{machine['PATH']}"
    engine = install.install(machine)
    assert engine.pulumi == official / "pulumi"
    assert engine.bridged
    assert _builds(machine) == 1


def test_the_official_plugin_is_used_where_there_is_no_terraform_provider(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = find.Missing("Terraform AWS provider", ("nowhere",), "get one")
    monkeypatch.setattr(find, "terraform_provider", lambda _: missing)
    del machine[find.PROVIDER_SETTING]
    plugin = Path(machine["HOME"]) / ".pulumi" / "plugins" / f"resource-aws-v{pins.AWS_PLUGIN}"
    plugin.mkdir(parents=True)
    (plugin / "pulumi-resource-aws").touch()
    engine = install.install(machine)
    assert not engine.bridged
    assert (engine.home / "plugins" / plugin.name).resolve() == plugin
    assert "not been tested against the local cloud" in capsys.readouterr().err
