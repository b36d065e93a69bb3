"""What in a query depends on more than its tables: the clock, chance, the session."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from workloads.database import connect

# words of SQL that stand for the clock without being written as a call
_CLOCK = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}


def parts(node: Any) -> Iterator[tuple[str, int]]:
    """Yield what makes a query answer otherwise in its next run, each with its place in the query.

    Parameters
    ----------
    node : dict, list or value
        The query, or a part of it, as DuckDB's ``json_serialize_sql`` writes it.
    """
    if isinstance(node, list):
        for part in node:
            yield from parts(part)
    if not isinstance(node, dict):
        return
    called = str(node.get("function_name") or "").lower()
    column = node.get("column_names") if node.get("class") == "COLUMN_REF" else None
    if called in _functions() or (called == "age" and len(node["arguments"]) == 1):
        yield f"{called}()", node["query_location"]
    elif column and len(column) == 1 and column[0].lower() in _CLOCK:
        yield column[0], node["query_location"]
    elif node.get("sample"):
        yield "a random sample", node.get("query_location", 0)
    for part in node.values():
        yield from parts(part)


@functools.cache
def _functions() -> frozenset[str]:
    """Names of DuckDB's functions that answer by the clock, by chance or by the session."""
    with connect(threads="1") as database:
        moving = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
        return frozenset(name for (name,) in database.execute(moving).fetchall())
