"""The curated training set: its file, and its split in time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from training.job import JobError
from workloads.spec import FeatureType, Workload

FILE = "training.parquet"
VERSION_FILE = "dataset_version.json"


def read(folder: Path) -> pd.DataFrame:
    """Read the training set that prepare wrote."""
    path = folder / FILE
    if not path.is_file():
        raise JobError(f"The training set must be at {path}. The prepare step writes it.")
    # ParquetFile reads one file as it is; read_table would look for partitions in the path
    examples: pd.DataFrame = pq.ParquetFile(path).read().to_pandas()
    return examples


def version(folder: Path) -> str:
    """Return the digest of the data versions that the training set was made from."""
    return str(json.loads((folder / VERSION_FILE).read_text(encoding="utf-8"))["dataset_version"])


def split(workload: Workload, examples: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the examples in time: the hold-out is the newest part.

    An example is trained on only if its answer was known before the hold-out begins, as it would have been when a
    model is trained at that moment.

    Raises
    ------
    JobError
        If one part lacks examples of both answers.
    """
    asked, known = examples[workload.examples.event_time], examples[workload.label.known_at]
    begin = asked.max() - (asked.max() - asked.min()) * workload.holdout.share
    parts = examples[(asked < begin) & (known < begin)], examples[asked >= begin]
    for name, part in zip(("training part", "hold-out"), parts, strict=True):
        found = sorted({bool(value) for value in part[workload.label.name]})
        if found != [False, True]:
            raise JobError(
                f"The {name} must hold examples of both answers of {workload.label.name}, got {len(part)} examples "
                f"with {found or 'none'}. Give a longer time between DataStart and DataEnd."
            )
    return parts


def columns(workload: Workload, examples: pd.DataFrame) -> dict[str, Any]:
    """Return the model's inputs by name, None where a category is missing and NaN where a number is."""
    values: dict[str, Any] = {}
    for name, feature in workload.features.items():
        series = examples[name]
        if feature.type is FeatureType.CATEGORY:
            values[name] = series.astype(object).where(series.notna(), None).tolist()
        else:
            values[name] = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return values
