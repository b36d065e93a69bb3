"""Environments of image locks do not pile up for ever, and none goes that somebody uses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.cloud.run.images import environments

MONTH = 30 * 86_400
HOLDER = """
import fcntl, sys
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print(flush=True)
    input()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where environments lie, of which none takes an installation."""

    def install(lock: str, folder: Path, say: environments.Say, environment: Mapping[str, str]) -> None:
        folder.mkdir()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environments, "_install", install)
    return tmp_path / "headrace" / "images"


def installed(lock: str, age: float) -> Path:
    folder = environments.ensure(lock, print)
    then = time.time() - age
    os.utime(folder, (then, then))
    return folder


def test_an_installation_removes_those_in_which_nothing_was_started_for_a_month(home: Path) -> None:
    old, young, used = (installed(lock, age) for lock, age in (("old", MONTH + 60), ("young", MONTH - 60), ("used", 0)))
    os.utime(used, (0, 0))
    environments.ensure("used", print)
    (home / "of somebody else").mkdir()
    os.utime(home / "of somebody else", (0, 0))
    new = environments.ensure("new", print)
    assert {path for path in home.iterdir() if path.is_dir()} == {young, used, new, home / "of somebody else"}
    assert environments.ensure("old", print) == old


@pytest.mark.usefixtures("home")
def test_one_in_which_a_process_runs_stays() -> None:
    served = installed("served", 2 * MONTH)
    # named as an endpoint's server is: by the environment's own interpreter
    command = [str(served / "bin" / "python"), "-c", "input()"]
    with subprocess.Popen(command, executable=sys.executable, stdin=subprocess.PIPE) as server:
        environments.ensure("new", print)
        assert served.is_dir()
        server.communicate()
    environments.ensure("newer", print)
    assert not served.exists()


@pytest.mark.usefixtures("home")
def test_one_that_is_about_to_be_used_stays() -> None:
    held = installed("held", 2 * MONTH)
    command = [sys.executable, "-c", HOLDER, str(held.with_suffix(".lock"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        environments.ensure("new", print)
        assert held.is_dir()
        holder.communicate()
