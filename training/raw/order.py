"""One order of rows for the same rows, however they came."""

from __future__ import annotations

import pyarrow as pa


def canonical(table: pa.Table, first: str) -> pa.Table:
    """Sort rows by all columns, and put them into one piece.

    Engines add up in the order in which rows come, and pieces decide which thread does so; with one order and one
    piece, the same rows give the same features.

    Parameters
    ----------
    table : pyarrow.Table
        Rows in any order and any pieces; no column nested.
    first : str
        The column that decides before the others.
    """
    names = sorted(table.column_names, key=lambda name: (name != first, name))
    whole = table.combine_chunks()
    return whole.sort_by([(name, "ascending") for name in names]).combine_chunks()
