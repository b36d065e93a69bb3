"""The `pulumi` on the path, for what asks it about stacks outside an update."""

from __future__ import annotations

import subprocess


class PulumiError(Exception):
    """`pulumi` refused a command.

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
    done = subprocess.run(["pulumi", *words, "--non-interactive"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PulumiError(f"pulumi {' '.join(words[:2])}", done.stderr.strip() or done.stdout.strip())
    return done.stdout
