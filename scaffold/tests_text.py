"""The text of the test that comes with a workload."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import ruff

from scaffold.facts import Facts

ROWS = 3
_FIRST = datetime(2024, 1, 1, 12, tzinfo=UTC)
_TYPES = {"string": "pa.string()", "integer": "pa.int64()", "number": "pa.float64()", "boolean": "pa.bool_()"}
_ARROW = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
_UTC = pa.timestamp("us", tz="UTC")

Rows = dict[str, dict[str, list[Any]]]
"""Values by source and column; None stands for the moments, which are the same everywhere."""


def file_name(name: str) -> str:
    """Return what the test of a workload is called."""
    return f"test_{name.replace('-', '_')}.py"


def made_up(facts: Mapping[str, Mapping[str, Facts]], shown: Mapping[str, Collection[str]]) -> Rows:
    """Make up a few rows of each source: nobody's data, yet such as the workload takes.

    Parameters
    ----------
    facts : mapping of str to mapping of str to Facts
        By source and column, as the workload file names them.
    shown : mapping of str to collection of str
        Columns of each source whose values stand in the workload file, as categories.
    """
    return {
        name: {title: _values(one, title in shown[name]) for title, one in own.items()} for name, own in facts.items()
    }


def _values(facts: Facts, shown: bool) -> list[Any]:
    return [_value(facts, shown, row) for row in range(ROWS)]


def _value(facts: Facts, shown: bool, row: int) -> Any:
    if facts.kind == "string":
        return str(facts.values[row % len(facts.values)]) if shown and facts.values else f"{facts.name} {row + 1}"
    if facts.kind == "boolean":
        return row % 2 == 0
    if facts.kind == "timestamp" or facts.low is None:
        return None
    between = facts.low + (facts.high - facts.low) * (row + 1) / (ROWS + 1)
    return round(between) if facts.kind == "integer" else float(f"{between:.3g}")


def formatted(text: str) -> str:
    """Lay a module out as `make lint` wants it."""
    command = [ruff.find_ruff_bin(), "format", "--line-length", "120", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def tables(rows: Rows, facts: Mapping[str, Mapping[str, Facts]]) -> dict[str, pa.Table]:
    """Return made-up rows as the SQL gets them."""
    moments = [_FIRST + timedelta(days=day) for day in range(ROWS)]
    return {
        name: pa.table(
            {
                title: pa.array(moments, _UTC)
                if facts[name][title].kind == "timestamp"
                else pa.array(values, _ARROW[facts[name][title].kind])
                for title, values in own.items()
            }
        )
        for name, own in rows.items()
    }


def write(name: str, rows: Rows, facts: Mapping[str, Mapping[str, Facts]], made: list[dict[str, Any]]) -> str:
    """Write the test of a workload.

    Parameters
    ----------
    name : str
        The workload's.
    rows : dict
        The made-up rows, see `made_up`.
    made : list of dict
        The features and the label that the SQL makes of them, a mapping an example.
    """
    sources = ""
    for source, own in rows.items():
        sources += f"        {source!r}: pa.table(\n            {{\n".replace("'", '"')
        for title, values in own.items():
            kind = facts[source][title].kind
            array = "MOMENTS" if kind == "timestamp" else f"pa.array({_literal(values)}, {_TYPES[kind]})"
            sources += f"                {_literal(title)}: {array},\n"
        sources += "            }\n        ),\n"
    expected = "".join(f"        {_mapping(one)},\n" for one in made)
    return formatted(_TEXT.format(name=name, sources=sources, expected=expected))


def _literal(value: Any) -> str:
    """Write a value as Python with double quotes, as the formatter does."""
    if isinstance(value, list):
        return f"[{', '.join(_literal(one) for one in value)}]"
    if isinstance(value, str):
        return '"' + value.encode("unicode_escape").decode().replace('"', '\\"') + '"'
    return repr(value)


def _mapping(one: Mapping[str, Any]) -> str:
    inside = "".join(f"            {_literal(key)}: {_literal(value)},\n" for key, value in one.items())
    return "{\n" + inside + "        }"


_TEXT = '''\
"""What the files of the workload {name} make of a few rows that nobody ever recorded. `make unit` runs it."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from training import features
from workloads import spec

FOLDER = Path(__file__).parent
MOMENTS = pa.array([datetime(2024, 1, day, 12, tzinfo=UTC) for day in (1, 2, 3)], pa.timestamp("us", tz="UTC"))


def rows() -> dict[str, pa.Table]:
    """Make up rows of each source. Change them when you change features.sql, and say below what it should make."""
    return {{
{sources}    }}


def test_the_workload_can_be_read() -> None:
    # reading it runs features.sql on empty tables, and compares it with workload.yaml
    assert spec.load(FOLDER / "workload.yaml").name == FOLDER.name


def test_each_row_becomes_an_example_with_its_features_and_its_answer() -> None:
    workload = spec.load(FOLDER / "workload.yaml")
    made = features.compute(workload, rows()).examples
    assert made.select([*workload.features, workload.label.name]).to_pylist() == [
{expected}    ]


def test_no_example_changes_when_later_rows_are_taken_away() -> None:
    workload = spec.load(FOLDER / "workload.yaml")
    known = {{
        name: table.filter(pc.less_equal(table[workload.sources[name].event_time], MOMENTS[0]))
        for name, table in rows().items()
    }}
    then = features.compute(workload, known).examples.select([*workload.features]).to_pylist()
    later = features.compute(workload, rows()).examples.select([*workload.features]).to_pylist()
    assert then == later[:1]
'''
