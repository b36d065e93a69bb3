"""What is wrong in raw data, told all at once: file, row, column, rule, value and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from training.job import JobError
from workloads.problems import shown

_MOST = 20  # lines; what is wrong everywhere is one of them


@dataclass(frozen=True)
class RawProblem:
    """A rule that rows of a file break.

    Attributes
    ----------
    key : str
        Of the file, or the prefix of a source's files.
    rule : str
        What it must do, after the word "must".
    remedy : str
        What to do about it.
    field : str
        The column, or empty where it is about the file.
    row : int, optional
        The first of the rows, counted from 1 without a header.
    value : object, optional
        Of the first row.
    rows : int
        How many there are.
    """

    key: str
    rule: str
    remedy: str
    field: str = ""
    row: int | None = None
    value: Any = None
    rows: int = 1


class RawDataError(JobError):
    """Raw data that cannot be read.

    Attributes
    ----------
    problems : tuple of RawProblem
    """

    def __init__(self, problems: Iterable[RawProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_report(self.problems))


def _report(problems: tuple[RawProblem, ...]) -> str:
    alike: dict[tuple[str, str, str, str], list[RawProblem]] = {}
    for problem in problems:
        source = "/".join(problem.key.split("/")[:2])
        alike.setdefault((source, problem.field, problem.rule, problem.remedy), []).append(problem)
    lines = [_line(several) for several in alike.values()]
    more = [f"and {len(lines) - _MOST} more rules that raw data break"] if len(lines) > _MOST else []
    return "\n".join([*lines[:_MOST], *more])


def _line(problems: list[RawProblem]) -> str:
    first = problems[0]
    where = first.key if first.row is None else f"{first.key}, row {first.row}"
    rows = sum(problem.rows for problem in problems)
    others = f"{rows} rows" if first.row is not None and rows > 1 else ""
    if len(problems) > 1:
        others = f"{others + ' ' if others else ''}of {len(problems)} files" if others else f"{len(problems)} files"
    got = "" if first.value is None else f", got {shown(first.value)}"
    subject = f"{where}: {first.field} must" if first.field else f"{where} must"
    return f"{subject} {first.rule}{got}{f' ({others})' if others else ''}. {first.remedy}"
