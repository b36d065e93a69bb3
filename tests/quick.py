"""What `make quick` adds to pytest (`-p tests.quick`): a test that starts a process fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
_HARMLESS = {"lscpu"}  # by which joblib counts the cores
_running = False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if _running and event in _STARTS and str(next(iter(arguments), "")) not in _HARMLESS:
        pytest.fail(f"{event} {arguments[:2]}: make quick runs no test that starts a process; take it out of QUICK")


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Watch a test and its fixtures, and not the runner, whose workers are processes."""
    global _running  # noqa: PLW0603
    _running = True
    try:
        return (yield)
    finally:
        _running = False
