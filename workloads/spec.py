"""The typed description of a workload, from which schemas, checks, training and the input contract are derived.

``python -m workloads.spec`` writes the JSON Schema that editors use to ``workloads/schema.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workloads.fields import REQUEST, Entity, Estimator, Feature, Gates, Label, Source, Workload
from workloads.kinds import ColumnType, FeatureType, LabelType
from workloads.reading import read

__all__ = [
    "REQUEST",
    "SCHEMA_FILE",
    "ColumnType",
    "Entity",
    "Estimator",
    "Feature",
    "FeatureType",
    "Gates",
    "Label",
    "LabelType",
    "Source",
    "Workload",
    "folder",
    "json_schema",
    "load",
    "named",
    "schema_text",
]

SCHEMA_FILE = Path(__file__).parent / "schema.json"


def load(path: str | Path, *, run_sql: bool = True) -> Workload:
    """Read a workload file, and run its SQL on empty tables.

    Parameters
    ----------
    path : str or Path
        A ``workload.yaml``; its ``features.sql`` lies beside it.
    run_sql : bool, default=True
        Whether the SQL is run and the estimator's class is looked at; not where a model is there already, which an old
        file must not keep from answering.

    Raises
    ------
    workloads.problems.ProblemsError
        With every broken rule, each with file, line, field, rule, value and remedy.
    """
    return read(Path(path), run_sql=run_sql)


def named(name: str) -> Workload:
    """Load the workload of this name that lies in this folder."""
    return load(folder(name) / "workload.yaml")


def folder(name: str) -> Path:
    """Return the folder of a workload: its workload.yaml and features.sql."""
    return Path(__file__).parent / name


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a workload file, which editors use."""
    return Workload.model_json_schema(by_alias=True)


def schema_text() -> str:
    """Return the content of ``workloads/schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
