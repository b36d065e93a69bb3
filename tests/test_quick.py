"""`make quick` runs what starts no process, and says so of a test that does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[1]
_CHECKS = """
import os, subprocess, sys
import pytest

def test_arithmetic():
    assert 1 + 1 == 2

def test_a_program():
    subprocess.run([sys.executable, "-c", ""])

def test_a_shell():
    os.system("true")

@pytest.fixture
def server():
    return subprocess.Popen([sys.executable, "-c", ""])

def test_a_fixture(server):
    pass
"""


def test_a_test_that_starts_a_process_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_CHECKS)
    result = pytester.runpytest_inprocess("-p", "tests.quick", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2, errors=1)
    result.stdout.fnmatch_lines(["*make quick runs no test that starts a process*"])


def test_what_quick_takes_and_leaves_is_there() -> None:
    named = re.findall(r"(?<=\s)(?:tests|workloads)[\w/.*]*", re.sub(r"\\\n", " ", _of_makefile("QUICK", "SLOWER")))
    assert len(named) > 5
    assert [path for path in named if not list(ROOT.glob(path))] == []


def _of_makefile(*names: str) -> str:
    text = (ROOT / "Makefile").read_text()
    return " ".join(
        found.group(1) for name in names if (found := re.search(rf"^{name} *:=((?:.*\\\n)*.*)$", text, re.MULTILINE))
    )
