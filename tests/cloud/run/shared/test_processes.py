"""Commands and what is left of them: their output, their exit code, no open pipe."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

from sandbox.cloud.run.shared.processes import Process
from tests.cloud.local import eventually


def run(folder: Path, script: str, lines: list[str]) -> Process:
    return Process(["sh", "-c", script], folder, {"PATH": os.defpath}, lines.append)


def test_a_command_s_output_and_exit_code(tmp_path: Path) -> None:
    lines: list[str] = []
    assert run(tmp_path, "echo one; echo two >&2; exit 3", lines).wait(20) == 3
    assert lines == ["one", "two"]


def test_a_command_that_is_over_leaves_no_pipe_open_and_takes_no_order(tmp_path: Path) -> None:
    before = psutil.Process().num_fds()
    process = run(tmp_path, "exit 0", [])
    assert process.wait(20) == 0
    eventually(lambda: psutil.Process().num_fds() == before)
    process.terminate()
    process.kill()
    assert process.stop() == 0


def test_a_command_that_closes_its_output_runs_on(tmp_path: Path) -> None:
    process = run(tmp_path, "exec >&- 2>&-; sleep 0.5; exit 4", [])
    assert process.wait(20) == 4


def test_a_command_that_does_not_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    lines: list[str] = []
    process = run(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.1; done", lines)
    eventually(lambda: lines)
    began = time.monotonic()
    assert process.stop(grace=0.3) == 128 + 9
    assert time.monotonic() - began < 10
