"""The database that runs a workload's SQL."""

from __future__ import annotations

import duckdb

_CLOSED = {
    "enable_external_access": "false",  # no file, no address, no other database
    "python_enable_replacements": "false",  # no variable of the program that runs it
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def connect(**settings: str) -> duckdb.DuckDBPyConnection:
    """Open a database whose SQL reaches its own tables and nothing else, and can change no setting.

    Parameters
    ----------
    **settings : str
        Further settings of DuckDB, such as ``threads="1"``.
    """
    database = duckdb.connect(config={**_CLOSED, **settings})
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET lock_configuration = true")
    return database
