"""`pulumi` as the story uses it: up, outputs, and the preview that must find nothing to change."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.console import StoryError

_DONE = re.compile(r"^\s*[+~\-]+\s+(\S+)\s+(\S+)\s+(created|updated|replaced|deleted)\b")
_COUNT = re.compile(r"^\s+([+~\-]+\s+)?(\d+) (to \w+|created|updated|deleted|replaced|unchanged)$")


def up(stack: str, log: Path, done: Callable[[str], None]) -> dict[str, int]:
    """Deploy with the policy pack.

    Parameters
    ----------
    stack : str
        The environment.
    log : Path
        Where everything that pulumi prints goes.
    done : callable
        Called with ``TYPE NAME`` as each resource is ready.

    Returns
    -------
    dict
        Resources by what happened to them: created, updated, unchanged ...

    Raises
    ------
    StoryError
        With pulumi's own diagnostics.
    """
    _pulumi("stack", "select", "--create", stack)
    _run(sys.executable, "-m", "stacks.interrupted", stack)
    command = ["up", "--stack", stack, "--yes", "--skip-preview", "--policy-pack", "policies"]
    counts: dict[str, int] = {}

    def watch(text: str) -> None:
        if found := _DONE.match(text):
            done(f"{found[1]} {found[2]}")
        if found := _COUNT.match(text):
            counts[found[3]] = int(found[2])

    _stream(command, log, watch, "`pulumi up` failed. Mend what it says and run the same command again.")
    return counts


def outputs(stack: str) -> dict[str, Any]:
    """Return the stack's outputs."""
    found = json.loads(_pulumi("stack", "output", "--json", "--stack", stack))
    if not isinstance(found, dict):
        raise StoryError(f"`pulumi stack output` gave no object: {found!r}")
    return found


def nothing_to_change(stack: str, log: Path) -> None:
    """Refresh and preview; raise `StoryError` if anything would change."""
    command = ["preview", "--refresh", "--expect-no-changes", "--diff", "--stack", stack, "--policy-pack", "policies"]
    _stream(command, log, lambda _: None, "`pulumi preview --refresh` found something to change.")


def _environment() -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1"}


def _pulumi(*arguments: str) -> str:
    return _run("pulumi", *arguments, "--non-interactive")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode:
        raise StoryError(f"`{' '.join(command)}` failed:\n{done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _stream(arguments: list[str], log: Path, watch: Callable[[str], None], failed: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with log.open("w") as file:
        child = subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(),
        )
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        try:
            for text in child.stdout:
                file.write(text)
                file.flush()
                lines.append(text.rstrip())
                watch(text)
            child.wait()
        except KeyboardInterrupt:
            child.wait()  # the terminal's Ctrl-C reached pulumi too: let it finish what it has begun
            raise
    if child.returncode:
        shown = "\n".join(_diagnostics(lines))
        raise StoryError(f"{failed}\n{shown}\nAll that it printed: {log}")


def _diagnostics(lines: list[str]) -> list[str]:
    """Return the part that explains a failure: from "Diagnostics:" or "Policies:" on, or the last lines."""
    for index, text in enumerate(lines):
        if text.startswith(("Diagnostics:", "Policies:")):
            return lines[index : index + 60]
    return lines[-40:]
