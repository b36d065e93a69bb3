"""What a file holds of a source, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from training.raw.files import RawFile
from training.raw.problems import RawProblem
from workloads.source_rules import column_name
from workloads.spec import Source

RELOAD = "Load the file again."

Keep = Callable[[pa.ChunkedArray], bool]
"""Whether rows between the smallest and the largest of two event times may be wanted."""


@dataclass
class Content:
    """What a file holds of a source.

    Attributes
    ----------
    columns : dict of str to pyarrow.ChunkedArray
        By declared name, those that are there, in whichever type they were written.
    rows : int
        How many there are.
    problems : list of RawProblem
        Why it cannot be read.
    skipped : list of tuple of int
        Rows of a Parquet file that were left out: before which row of the columns, and how many.
    """

    columns: dict[str, pa.ChunkedArray] = field(default_factory=dict)
    rows: int = 0
    problems: list[RawProblem] = field(default_factory=list)
    skipped: list[tuple[int, int]] = field(default_factory=list)

    def number(self, index: int) -> int:
        """Return a row's number in the file, counted from 1, by its position in the columns."""
        return index + 1 + sum(rows for before, rows in self.skipped if before <= index)


def matched(file: RawFile, source: Source, names: Sequence[str]) -> tuple[dict[str, str], list[RawProblem]]:
    """Find the columns of a file, by declared name."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(column_name(name), []).append(name)
    columns, problems = {}, []
    for declared in source.columns:
        alike = found.get(column_name(declared), [])
        if len(alike) > 1:
            rule, remedy = f"be one column, and {', '.join(alike)} are {len(alike)}", "Load the file with one of them."
            problems.append(RawProblem(file.key, rule, remedy, declared))
        elif alike:
            columns[declared] = alike[0]
    return columns, problems


def first_of(problems: list[RawProblem]) -> list[RawProblem]:
    """Make one problem of those of one rule."""
    by_rule: dict[tuple[str, str], list[RawProblem]] = {}
    for problem in problems:
        by_rule.setdefault((problem.field, problem.rule), []).append(problem)
    return [
        RawProblem(one.key, one.rule, one.remedy, one.field, one.row, one.value, len(alike))
        for alike in by_rule.values()
        for one in alike[:1]
    ]
