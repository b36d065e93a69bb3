"""Which mutants there are, which of them a run takes, and which are known to change nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.mutants import definition, python
from tests.mutants.mutant import Mutant
from tests.mutants.nearest import ROOT, files, part_of

EQUIVALENT = Path(__file__).with_name("equivalent.txt")


class EquivalentError(Exception):
    """The list of mutants without effect is wrong."""


def every() -> list[Mutant]:
    """Return all mutants of the project."""
    return [mutant for path in files() for mutant in of(path.as_posix(), (ROOT / path).read_text(encoding="utf-8"))]


def of(path: str, source: str) -> Iterator[Mutant]:
    """Yield the mutants of one file."""
    yield from (definition if path.endswith(".json") else python).mutants(path, source)


def chosen(found: Iterable[Mutant], count: int, seed: str) -> list[Mutant]:
    """Return `count` mutants, the same for the same seed, from every part of the project by its share."""
    parts: dict[str, list[Mutant]] = {}
    for mutant in found:
        parts.setdefault(part_of(mutant.path), []).append(mutant)
    total = sum(len(part) for part in parts.values())
    taken = []
    for _, part in sorted(parts.items()):
        share = max(1, round(count * len(part) / total))
        taken += sorted(part, key=lambda one: hashlib.sha256(f"{seed}:{one.name}".encode()).hexdigest())[:share]
    return taken


def equivalent(text: str, found: Iterable[Mutant]) -> Mapping[str, str]:
    """Read the list of mutants that change nothing: a name, and below it, indented, the reason.

    Raises
    ------
    EquivalentError
        With every entry that has no reason, is there twice, or names no mutant of today.
    """
    names = {mutant.name for mutant in found}
    entries: dict[str, str] = {}
    problems = []
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for number, line in enumerate(lines):
        if line.startswith(" "):
            continue
        reason = lines[number + 1].strip() if number + 1 < len(lines) and lines[number + 1].startswith(" ") else ""
        if not reason:
            problems.append(f"{line}\n    has no reason; write it below, indented")
        if line in entries:
            problems.append(f"{line}\n    is there twice")
        if line not in names:
            problems.append(f"{line}\n    is no mutant of today; take it out, or write its new name")
        entries[line] = reason
    if problems:
        raise EquivalentError("\n".join(problems))
    return entries
