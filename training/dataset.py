"""The curated data set: its split in time, and the files that keep its parts from one another.

Training sees the training part. Scoring sees the hold-out's features. Only the evaluation sees the hold-out's labels,
so whoever makes a model can neither learn them nor measure itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from training import labels
from training.job import JobError
from workloads.spec import FeatureType, Workload

TRAINING = "training"
HOLDOUT = "holdout"
LABELS = "labels"
PARTS = (TRAINING, HOLDOUT, LABELS)
"""The folders of the parts; each holds one file, named after it."""
VERSION_FILE = "dataset_version.json"
SPLIT_FILE = "split.json"
REPORT_FILE = "prepare.json"


@dataclass(frozen=True)
class Split:
    """A data set in two parts: the hold-out is the newest.

    Attributes
    ----------
    training, holdout : Table
        Rows with every column of the examples.
    """

    training: pa.Table
    holdout: pa.Table


def split(workload: Workload, examples: pa.Table, waited: timedelta = timedelta(0)) -> Split:
    """Split the examples in time.

    An example is trained on only if its answer was known before the hold-out begins, as it would have been when a
    model is trained at that moment.

    Parameters
    ----------
    workload : Workload
        Whose examples they are.
    examples : Table
        With their answers.
    waited : timedelta
        How long before the end the newest example was asked. The training part ends as long before the hold-out, so
        that the answers of both have come alike.

    Raises
    ------
    JobError
        If the label is of another type than the workload says, if one part lacks examples of a class, or if the
        hold-out has too few of one to measure by.
    """
    examples = labels.typed(workload, examples)
    # pandas, whose times of any resolution compare
    asked, known = (examples[name].to_pandas() for name in (workload.examples.event_time, workload.label.known_at))
    begin = asked.max() - (asked.max() - asked.min()) * workload.holdout.share
    parts = Split(
        examples.filter(pa.array((asked < begin) & (asked + waited <= begin) & (known < begin))),
        examples.filter(pa.array(asked >= begin)),
    )
    problems = [
        *labels.enough(workload, parts.training, "training part", 1),
        *labels.enough(workload, parts.holdout, "hold-out", workload.holdout.minimum_examples),
    ]
    if problems:
        raise JobError("\n".join(problems))
    return parts


def holdout_features(workload: Workload, parts: Split) -> pa.Table:
    """Return what a model is asked about: identifiers and features of the hold-out, no labels, no times."""
    return parts.holdout.select([workload.examples.record_id, *workload.features])


def holdout_labels(workload: Workload, parts: Split) -> pa.Table:
    """Return everything else of the hold-out, in the same order of rows."""
    rest = [name for name in parts.holdout.column_names if name not in workload.features]
    return parts.holdout.select(rest)


def describe(workload: Workload, parts: Split) -> dict[str, Any]:
    """Return how many rows each part has, and where one ends and the other begins."""
    asked = workload.examples.event_time
    return {
        "training": {"rows": parts.training.num_rows, "to": pc.max(parts.training[asked]).as_py().isoformat()},
        "holdout": {"rows": parts.holdout.num_rows, "from": pc.min(parts.holdout[asked]).as_py().isoformat()},
    }


def read(folder: Path, part: str) -> pa.Table:
    """Read a part that prepare wrote."""
    path = folder / f"{part}.parquet"
    if not path.is_file():
        raise JobError(f"The {part} data must be at {path}. The prepare step writes it.")
    # ParquetFile reads one file as it is; read_table would look for partitions in the path
    return pq.ParquetFile(path).read()


def whole(workload: Workload, parts: dict[str, pa.Table]) -> pd.DataFrame:
    """Put the parts together again, for those who look at all of them.

    Parameters
    ----------
    workload : Workload
        Whose examples they are.
    parts : dict of str to Table
        By name, one for each of `PARTS`.
    """
    features, rest = parts[HOLDOUT], parts[LABELS]
    record = workload.examples.record_id
    if not features[record].equals(rest[record]):
        raise JobError("The hold-out's features and labels must be of the same rows. Run prepare again.")
    for name in workload.features:
        rest = rest.append_column(name, features[name])
    training = parts[TRAINING]
    examples: pd.DataFrame = pa.concat_tables([training, rest.select(training.column_names)]).to_pandas()
    return examples


def version(folder: Path) -> str:
    """Return the digest of the data versions that the data set was made from."""
    return str(json.loads((folder / VERSION_FILE).read_text(encoding="utf-8"))["dataset_version"])


def seen(folder: Path) -> dict[str, float]:
    """Return what prepare saw, as an MLflow run's metrics: rows by source, and what became of the examples."""
    report = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8"))
    rows = {f"rows_{name}": float(of["read"] - of["outside"]) for name, of in report["sources"].items()}
    return {**rows, **{f"examples_{name}": float(report[name]) for name in ("label_null", "known_late")}}


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
