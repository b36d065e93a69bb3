"""The `pulumi` on the path, for what asks it about stacks outside an update."""

from __future__ import annotations

import json
import subprocess
from typing import Any


class PulumiError(Exception):
    """`pulumi` refused a command, or is not there.

    Attributes
    ----------
    command : str
        Its first words, as a person would type them.
    said : str
        What it printed about it.
    """

    def __init__(self, command: str, said: str) -> None:
        self.command, self.said = command, said
        super().__init__(f"`{command}` failed:\n{said}")


def pulumi(*words: str) -> str:
    """Run a command that asks nothing back, and return what it printed.

    Raises
    ------
    PulumiError
        If it fails.
    """
    command = f"pulumi {' '.join(words[:2])}"
    try:
        done = subprocess.run(["pulumi", *words, "--non-interactive"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise PulumiError(command, str(error)) from error
    if done.returncode:
        raise PulumiError(command, done.stderr.strip() or done.stdout.strip())
    return done.stdout


def output(stack: str, *name: str) -> Any:
    """Return an output of a stack by its name; without one, all of them by theirs.

    Raises
    ------
    PulumiError
        If there is no such stack, or no such output.
    """
    return json.loads(pulumi("stack", "output", *name, "--json", "--stack", stack))
