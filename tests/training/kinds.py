"""A workload of each kind of label over the same three features, and examples of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from workloads import folder as folders
from workloads import spec
from workloads.spec import Workload

COLOURS = ["red", "green", "blue"]
CLASSES = ["small", "middle", "large"]
PRIORS: dict[str, Any] = {"boolean": 0.25, "category": {"small": 0.5, "middle": 0.25, "large": 0.25}, "number": 3.0}
FOREST = {"max_depth": 4, "random_state": 1}
ESTIMATORS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "sklearn.ensemble.HistGradientBoostingClassifier", "parameters": {"max_iter": 20}},
    "category": {"type": "sklearn.ensemble.HistGradientBoostingClassifier", "parameters": {"max_iter": 20}},
    "number": {"type": "sklearn.ensemble.HistGradientBoostingRegressor", "parameters": {"max_iter": 20}},
}
GATES: dict[str, dict[str, Any]] = {
    "boolean": {"metrics": {"roc_auc": {"minimum": 0.8}}, "champion": {"metric": "brier_score", "margin": -0.01}},
    "category": {"metrics": {"f1_macro": {"minimum": 0.6}}, "champion": {"metric": "log_loss", "margin": -0.01}},
    "number": {"metrics": {"r2": {"minimum": 0.5}}, "champion": {"metric": "mean_absolute_error", "margin": -0.01}},
}
START = datetime(2024, 1, 1, tzinfo=UTC)


def content(kind: str, estimator: dict[str, Any] | None = None, **label: Any) -> dict[str, Any]:
    """Return the fields of a workload file."""
    said = {"name": "answer", "type": kind, "description": "It.", "known_at": "known_at", **label}
    if kind == "category":
        said.setdefault("categories", CLASSES)
    prior = PRIORS[kind]
    if kind == "category" and said["categories"] != CLASSES:
        prior = dict.fromkeys(said["categories"], 1 / len(said["categories"]))
    columns = {"event_time": "timestamp", "id": "string", "size": "number", "colour": "string", "open": "boolean"}
    answers = {"known_at": "timestamp", "answer": {"boolean": "boolean", "category": "string"}.get(kind, "number")}
    return {
        "name": f"{kind}-kind",
        "description": "A question.",
        "prior": prior,
        "sources": {"things": {"description": "A thing.", "columns": {**columns, **answers}}},
        "examples": {"view": "examples", "record_id": "id", "event_time": "event_time"},
        "features": {
            "size": {"description": "Metres.", "type": "number", "nullable": True},
            "colour": {"description": "Paint.", "type": "category", "categories": COLOURS, "nullable": True},
            "open": {"description": "Whether.", "type": "boolean", "nullable": True},
        },
        "label": said,
        "check": {"minimum_rows": 100},
        "holdout": {"share": 0.25},
        "estimator": estimator or ESTIMATORS[kind],
        "gates": GATES[kind],
    }


def workload(kind: str, estimator: dict[str, Any] | None = None, **label: Any) -> Workload:
    """Return a workload without a folder."""
    return Workload.model_validate(content(kind, estimator, **label))


def written(folder: Path, kind: str, estimator: dict[str, Any] | None = None, **label: Any) -> Workload:
    """Write a workload's folder below another one, and read it."""
    said = content(kind, estimator, **label)
    own = folder / said["name"]
    own.mkdir(parents=True, exist_ok=True)
    (own / "workload.yaml").write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    (own / "features.sql").write_text("CREATE VIEW examples AS SELECT * FROM things;\n", "utf-8")
    return spec.load(own / "workload.yaml")


def lying(workload: Workload, folder: Path) -> Workload:
    """Return a workload as one that was read from a folder, where its files are written."""
    fields = workload.model_dump(mode="json", by_alias=True, exclude_unset=True)
    folders.write({folders.FILE: yaml.safe_dump(fields, sort_keys=False).encode(), folders.SQL: b""}, folder)
    return workload.read_from(folder)


def examples(kind: str, rows: int = 600, *, share: float = 0.25, seed: int = 0) -> pd.DataFrame:
    """Return examples whose answer follows from size and colour, with noise; one in ten values is missing.

    Parameters
    ----------
    kind : str
        Of the label.
    rows : int
        One an hour.
    share : float
        Of true answers, where the label is a boolean.
    seed : int
        Of the noise.
    """
    chance = np.random.default_rng(seed)
    size, colour = chance.normal(size=rows), chance.integers(0, 3, rows)
    amount = 3 + 2 * size + colour + chance.normal(scale=0.3, size=rows)
    answer: Any = amount
    if kind == "boolean":
        answer = amount > np.quantile(amount, 1 - share)
    if kind == "category":
        answer = np.array(CLASSES)[np.digitize(amount, np.quantile(amount, [0.5, 0.8]))]
    asked = pd.date_range(START, periods=rows, freq="h")
    gaps = {name: chance.random(rows) < 0.1 for name in ("size", "colour", "open")}
    return pd.DataFrame(
        {
            "id": [f"thing {number}" for number in range(rows)],
            "event_time": asked,
            "known_at": asked + timedelta(minutes=10),
            "answer": answer,
            "size": pd.Series(size).mask(gaps["size"]),
            "colour": pd.Series(np.array(COLOURS, dtype=object)[colour]).mask(gaps["colour"], None),
            "open": pd.Series(chance.random(rows) < 0.5, dtype=object).mask(gaps["open"], None),
        }
    )
