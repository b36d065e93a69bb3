"""What each view of features.sql depends on, by which a view that did not change is known."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from trial.digests import digest
from workloads.statements import Script, Statement

_ANYTHING = {"query", "query_table"}  # DuckDB's functions that read a table which a text names


def of_views(text: str, streams: Mapping[str, str], code: str) -> dict[str, str]:
    """Return the digest of all that a view's rows depend on, by the view's name in lower case.

    A view depends on the statements and sources whose names stand anywhere in it, and on what these depend on: at
    least on what it reads, at times on a column's namesake more. Comments and blanks do not count.

    Parameters
    ----------
    text : str
        Of the whole features.sql.
    streams : mapping of str to str
        The digest of each source's rows.
    code : str
        The digest of the code that runs the SQL.
    """
    made = {one.name.lower(): one for one in Script(text).statements if one.makes}
    keys = {}
    for name, statement in made.items():
        if statement.makes == "VIEW":
            reached = _reached(name, made)
            texts = [" ".join(token.text for token in made[one].tokens) for one in sorted(reached)]
            read = {source for one in reached for source in _uses(made[one], streams)}
            sources = [f"{source} {streams[source]}" for source in sorted(read)]
            keys[name] = digest("view", name, duckdb.__version__, code, *texts, *sources)
    return keys


def _uses(statement: Statement, names: Mapping[str, object]) -> set[str]:
    if _ANYTHING & statement.names:
        return set(names)
    return {name for name in names if name.lower() in statement.names}


def _reached(view: str, made: Mapping[str, Statement]) -> set[str]:
    reached: set[str] = set()
    waiting = [view]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += _uses(made[one], made)
    return reached
