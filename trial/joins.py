"""How many examples found a row in each entity's history, and why the others did not."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import pyarrow as pa

from training.features import Features
from workloads.spec import Workload

COLUMNS = ("entity", "rows", "left_out", "examples", "found", "without_identifier", "never_seen", "too_early")


def report(workload: Workload, examples: pa.Table, made: Features) -> pd.DataFrame:
    """Count the examples by what the join with each history gave them.

    Parameters
    ----------
    workload : Workload
        Whose entities are joined.
    examples : pyarrow.Table
        The rows of the examples' view.
    made : Features
        With the entities' histories.

    Returns
    -------
    DataFrame
        A row an entity: ``entity``, how many ``rows`` its history has and how many of its view were ``left_out`` of it
        (see `training.features.LeftOut`), how many ``examples`` there are, and how many of them ``found`` a row, have
        no identifier (``without_identifier``), have one that the history never has (``never_seen``), or ask no later
        than its first row (``too_early``).
    """
    rows = []
    for name, entity in workload.entities.items():
        keys = examples[entity.record_identifier].to_pandas()
        asked = examples[workload.examples.event_time].to_pandas()
        history = made.histories[name].select([entity.record_identifier, entity.event_time]).to_pandas()
        first = history.groupby(entity.record_identifier)[entity.event_time].min()
        since = first.reindex(keys).reset_index(drop=True)
        without = keys.isna()
        never = since.isna() & ~without
        early = (since >= asked) & ~without & ~never
        found = len(keys) - int(without.sum()) - int(never.sum()) - int(early.sum())
        left_out = sum(asdict(made.left_out[name]).values())
        rows.append(
            (name, len(history), left_out, len(keys), found, int(without.sum()), int(never.sum()), int(early.sum()))
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
