"""SQL that fits a workload file whatever it says: for tests that edit the file and run no features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from workloads import columns, spec
from workloads.fields import Workload
from workloads.problems import ProblemsError


def sql(workload: Workload) -> str:
    """Write views without rows, of every source, with the columns that the workload names."""
    views: dict[str, dict[str, str]] = {}
    for one in columns.wanted(workload):
        made = f'CAST(NULL AS {columns.TYPES[one.kind]}) AS "{one.column}"'
        views.setdefault(one.view, {}).setdefault(one.column, made)
    sources = ", ".join(f'"{name}"' for name in workload.sources)
    return "\n".join(
        f'CREATE VIEW "{view}" AS SELECT {", ".join(made.values())} FROM {sources} WHERE false;'  # noqa: S608
        for view, made in views.items()
    )


def write(folder: Path, document: Mapping[str, Any], usual: str) -> None:
    """Write a workload file and, beside it, the usual SQL if it fits, else one that does."""
    file, script = folder / "workload.yaml", folder / "features.sql"
    file.write_text(yaml.safe_dump(dict(document), sort_keys=False), "utf-8")
    script.write_text(usual, "utf-8")
    try:
        spec.load(file)
    except ProblemsError:
        script.write_text(sql(Workload.model_validate(dict(document))), "utf-8")
