"""Reads a CodeBuild buildspec (version 0.2) and writes its phases as shell scripts."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
_SHELLS = ("sh", "/bin/sh", "bash")


class BuildspecError(Exception):
    """A buildspec cannot be followed; CodeBuild calls it YAML_FILE_ERROR."""


@dataclass(frozen=True)
class Phase:
    """One phase: its commands, what always follows, and whether a failure ends the build at once."""

    name: str
    commands: Sequence[str] = ()
    always: Sequence[str] = ()
    abort: bool = False


@dataclass(frozen=True)
class Buildspec:
    """A buildspec's phases in order, its variables, and the shell that runs its commands."""

    phases: Sequence[Phase]
    variables: Mapping[str, str] = field(default_factory=dict)
    shell: str = "sh"


def _commands(where: str, value: Any) -> list[str]:
    found = [value] if isinstance(value, str) else value or []
    if not isinstance(found, list) or not all(isinstance(command, str) for command in found):
        raise BuildspecError(f"{where} must be a list of strings, got {value!r}")
    return found


def parse(text: str) -> Buildspec:
    """Read a buildspec.

    Raises
    ------
    BuildspecError
        If it is not YAML, not version 0.2, or names what is not known here.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not YAML: {error}") from error
    if not isinstance(content, dict) or str(content.get("version")) != "0.2":
        raise BuildspecError("the buildspec's `version` must be 0.2 in the local cloud")
    env = content.get("env") or {}
    unknown = sorted(set(content) - {"version", "env", "phases"})
    unknown += [f"env.{name}" for name in sorted(set(env) - {"variables", "shell"})]
    if unknown:
        known = "version, env.variables, env.shell and phases"
        raise BuildspecError(f"the local cloud's builds know {known}, got {', '.join(unknown)}")
    if env.get("shell", "sh") not in _SHELLS:
        raise BuildspecError(f"env.shell must be one of {', '.join(_SHELLS)}, got {env['shell']}")
    given = content.get("phases") or {}
    strange = sorted(set(given) - set(PHASES))
    if strange or not given:
        raise BuildspecError(f"`phases` must be some of {', '.join(PHASES)}, got {', '.join(strange) or 'none'}")
    phases = [
        Phase(
            name,
            _commands(f"phases.{name}.commands", given[name].get("commands")),
            _commands(f"phases.{name}.finally", given[name].get("finally")),
            given[name].get("on-failure") == "ABORT",
        )
        for name in PHASES
        if given.get(name)
    ]
    variables = {name: str(value) for name, value in (env.get("variables") or {}).items()}
    return Buildspec(phases, variables, env.get("shell", "sh"))


def script(commands: Sequence[str], memory: Path) -> str:
    """Return a shell script that runs commands one by one and stops at the first that fails.

    What a command exports and where it goes is kept in the folder `memory` for the next phase's script. The failed
    command is left in ``memory/failed``.
    """
    kept, place, failed = (shlex.quote(str(memory / name)) for name in ("environment", "place", "failed"))
    lines = [
        f"[ -f {kept} ] && . {kept}",
        f'[ -f {place} ] && cd "$(cat {place})"',
        f"trap 'export -p > {kept}; pwd > {place}' EXIT",
    ]
    for command in commands:
        quoted = shlex.quote(command.rstrip())
        lines += [
            f"printf '[Container] Running command %s\\n' {quoted}",
            f"printf '%s' {quoted} > {failed}",
            command.rstrip(),
            "code=$?",
            'if [ "$code" -ne 0 ]; then',
            f"printf '[Container] Command did not exit successfully %s exit status %s\\n' {quoted} \"$code\"",
            'exit "$code"',
            "fi",
        ]
    return "\n".join([*lines, f"rm -f {failed}", ""])
