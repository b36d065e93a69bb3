"""Branch coverage by folder, and the least that pyproject.toml asks of some: `make coverage` prints it."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REPORT = ROOT / ".headrace" / "coverage" / "report.json"


@dataclass
class Folder:
    """What was run of a folder: lines, and ways out of branches, of all that there are."""

    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_run: int = 0

    @property
    def percent(self) -> float:
        """Lines and branches together, as coverage counts them."""
        return _percent(self.lines_run + self.branches_run, self.lines + self.branches)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0


def folders(report: Mapping[str, Any]) -> dict[str, Folder]:
    """Sum coverage's JSON report by the first folder of each file's path."""
    found: dict[str, Folder] = {}
    for path, file in sorted(report["files"].items()):
        folder, said = found.setdefault(path.split("/")[0], Folder()), file["summary"]
        folder.lines += said["num_statements"]
        folder.lines_run += said["covered_lines"]
        folder.branches += said["num_branches"]
        folder.branches_run += said["covered_branches"]
    return found


def table(found: Mapping[str, Folder], least: Mapping[str, float]) -> Iterator[str]:
    """Write a row a folder."""
    yield f"{'folder':<14}{'lines':>8}{'run':>8}{'branches':>10}{'run':>8}{'together':>10}{'at least':>10}"
    for name, folder in found.items():
        bound = f"{least[name]:.0f} %" if name in least else ""
        lines, branches = _percent(folder.lines_run, folder.lines), _percent(folder.branches_run, folder.branches)
        yield (
            f"{name:<14}{folder.lines:>8}{lines:>6.1f} %{folder.branches:>10}{branches:>6.1f} %"
            f"{folder.percent:>8.1f} %{bound:>10}"
        ).rstrip()


def too_little(found: Mapping[str, Folder], least: Mapping[str, float]) -> Iterator[str]:
    """Say which folders are below what is asked of them, or are not there at all."""
    for name, bound in least.items():
        percent = found[name].percent if name in found else 0.0
        if percent < bound:
            yield f"{name} must be covered to at least {bound:g} %, got {percent:.1f} %: test what is new in it."


def main() -> int:
    """Print the table; return 1 where a folder is below what is asked of it."""
    found = folders(json.loads(REPORT.read_text(encoding="utf-8")))
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["headrace"]["coverage"]
    broken = list(too_little(found, asked))
    sys.stdout.write("\n".join([*table(found, asked), *broken, ""]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
