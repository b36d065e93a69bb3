"""Logs and engines do not pile up for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sandbox import environment
from sandbox.engine import install, retention

Machine = dict[str, str]
DAY = 86_400


def _aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    for age in range(5):
        (tmp_path / f"{age}.log").touch()
        _aged(tmp_path / f"{age}.log", age)
    retention.newest_logs(tmp_path, most=2)
    assert {path.name for path in tmp_path.iterdir()} == {"0.log", "1.log"}
    retention.newest_logs(tmp_path / "never made")


def test_a_command_leaves_no_more_logs_than_that(machine: Machine, tmp_path: Path) -> None:
    logs = install.install(machine).home / "logs"
    logs.mkdir()
    for number in range(retention.LOGS + 5):
        (logs / f"{number}.log").touch()
    environment.local(
        machine | {"HEADRACE_PULUMI": str(tmp_path / "pulumi"), "HEADRACE_STATE": str(tmp_path / "cloud")}
    )
    assert len(list(logs.iterdir())) == retention.LOGS


def test_an_installation_removes_engines_that_nobody_used_for_long(machine: Machine) -> None:
    cache = install.cache_folder(machine)
    for number, age in enumerate((1, 2, 3, 4, 0.5)):
        (cache / f"{number:016x}" / "bin").mkdir(parents=True)
        _aged(cache / f"{number:016x}", age * DAY)
    (cache / "not an engine").mkdir()
    _aged(cache / "not an engine", 9 * DAY)
    engine = install.install(machine)
    left = {path.name for path in cache.iterdir() if path.is_dir()}
    # the new one, and the two that were used last; the third newest has not been used for two days
    assert left == {engine.folder.name, f"{4:016x}", f"{0:016x}", "not an engine"}


def test_an_engine_that_is_used_is_kept(machine: Machine) -> None:
    cache = install.cache_folder(machine)
    engine = install.install(machine)
    _aged(engine.folder, 9 * DAY)
    environment.engine(machine)
    for number in range(retention.ENGINES):
        (cache / f"{number:016x}").mkdir()
    retention.newest_engines(cache)
    assert engine.folder.is_dir()
