"""Reads the small part of the Dockerfile language that the local cloud can act out, and refuses the rest by name."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KNOWN = ("FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "LABEL", "ENTRYPOINT", "CMD")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


class DockerfileError(Exception):
    """A Dockerfile says something that cannot be done here."""


@dataclass(frozen=True)
class Instruction:
    """One instruction: the line it starts on, its keyword in capitals, the rest with continuations joined."""

    line: int
    keyword: str
    rest: str

    def error(self, message: str) -> DockerfileError:
        """Return an error that names the line."""
        return DockerfileError(f"Dockerfile line {self.line}: {self.keyword} {message}")

    def words(self) -> list[str]:
        """Split the rest like a shell, or read it as a JSON list (the exec form)."""
        if self.rest.startswith("["):
            try:
                return [str(word) for word in json.loads(self.rest)]
            except ValueError as error:
                raise self.error(f"must be a JSON list of strings, got {self.rest}") from error
        try:
            return shlex.split(self.rest)
        except ValueError as error:
            raise self.error(f"cannot be split into words: {error}") from error


def parse(path: Path) -> list[Instruction]:
    """Return a file's instructions.

    Raises
    ------
    DockerfileError
        If it does not begin with FROM (or ARG), names a keyword that is not known here, or has a second stage.
    """
    instructions: list[Instruction] = []
    pending: list[str] = []
    start = 0
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        start = start if pending else number
        pending.append(line.removesuffix("\\").strip())
        if line.endswith("\\"):
            continue
        keyword, _, rest = " ".join(pending).partition(" ")
        instructions.append(Instruction(start, keyword.upper(), rest.strip()))
        pending = []
    for instruction in instructions:
        if instruction.keyword not in KNOWN:
            raise instruction.error(f"is not understood by the local docker, which knows {', '.join(KNOWN)}")
    stages = [instruction for instruction in instructions if instruction.keyword == "FROM"]
    if not stages:
        raise DockerfileError(f"{path.name} has no FROM")
    if len(stages) > 1:
        raise stages[1].error("starts a second stage; the local docker builds single-stage images only")
    return instructions


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$NAME``, ``${NAME}`` and ``${NAME:-default}``; an unknown name becomes nothing, as in docker."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[3]) or found[2] or "", text)


def pairs(instruction: Instruction) -> dict[str, str]:
    """Read ENV, LABEL or ARG: ``NAME=value NAME=value`` or the old ``NAME value``."""
    words = instruction.words()
    if words and "=" not in words[0] and instruction.keyword != "ARG":
        return {words[0]: " ".join(words[1:])}
    found = {}
    for word in words:
        name, _, value = word.partition("=")
        found[name] = value
    return found
