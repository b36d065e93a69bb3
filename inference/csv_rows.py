"""Rows of CSV as spreadsheets and other tools write it: cells, and what counts as a number in one."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import Any

from workloads.problems import Problem, ProblemsError
from workloads.spec import FeatureType, Workload

# What the users of CSV call a number: ASCII digits with a decimal point and an exponent. Python's float also takes
# 1_400, inf, nan and the digits of every script.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_BLANK = " \t"


def read_rows(workload: Workload, text: str) -> list[dict[str, Any]]:
    """Read CSV without a header, columns in the input contract's order; what cannot be read stays text.

    Lines end as they like: LF, CR LF, or CR. Blank lines are no rows, nor are lines of nothing but commas at the end,
    as spreadsheets leave them, where a row must hold something.

    Raises
    ------
    workloads.problems.ProblemsError
        If it is not CSV, has no row, or a row has another number of columns.
    """
    names = list(workload.features)
    columns = f"Send the columns {', '.join(names)}"
    try:
        lines = [cells for cells in csv.reader(io.StringIO(text, newline=""), strict=True) if cells]
    except csv.Error as error:
        remedy = "Quote cells that hold commas, quotes or line ends."
        raise ProblemsError([Problem(field="body", rule="be CSV", value=str(error), remedy=remedy)]) from error
    if len(names) > 1:
        lines = [cells for cells in lines if cells[0].strip(_BLANK) or len(cells) > 1]
    if not all(feature.nullable for feature in workload.features.values()):
        while lines and not any(cell.strip(_BLANK) for cell in lines[-1]):
            lines.pop()
    if not lines:
        raise ProblemsError([Problem(field="body", rule="have at least one row", value="", remedy=f"{columns}.")])
    if [cell.strip() for cell in lines[0]] == names:
        remedy = "Leave the header line out."
        raise ProblemsError([Problem(field="rows[0]", rule="hold values", value="column names", remedy=remedy)])
    problems = [
        Problem(
            field=f"rows[{index}]",
            rule=f"have {len(names)} columns",
            value=len(cells),
            remedy=f"{columns}, in this order{_separator(cells)}.",
        )
        for index, cells in enumerate(lines)
        if len(cells) != len(names)
    ]
    if problems:
        raise ProblemsError(problems)
    kinds = [feature.type for feature in workload.features.values()]
    return [{name: _cell(kind, cell) for name, kind, cell in zip(names, kinds, cells, strict=True)} for cells in lines]


def _separator(cells: Sequence[str]) -> str:
    return ", separated by commas" if any(separator in cells[0] for separator in ";\t|") else ""


def _cell(kind: FeatureType, cell: str) -> Any:
    """Read a cell as its feature's type; what cannot be read stays text, and validation names it."""
    text = cell.strip(_BLANK)
    if not text:
        return None
    if kind is FeatureType.BOOLEAN:
        return _BOOLEANS.get(text.lower(), text)
    if kind is FeatureType.CATEGORY:
        return text
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return number if math.isfinite(number) else text
