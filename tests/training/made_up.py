"""Made-up examples of a workload, their parts as prepare writes them, and a model that answers one number."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inference import artifact, plan
from inference.estimators import Prior
from training import dataset
from workloads.spec import Feature, FeatureType, Workload

ROWS = 240  # ten minutes apart
START = datetime(2013, 1, 1, tzinfo=UTC)


def values(feature: Feature) -> list[Any]:
    """Return values of a feature within its rules."""
    if feature.type is FeatureType.CATEGORY:
        categories = feature.categories or ["a", "b"]
        return [categories[number % len(categories)] for number in range(ROWS)]
    low = next((one for one in feature.range or () if one is not None), 1)
    if feature.type is FeatureType.BOOLEAN:
        return [number % 2 == 0 for number in range(ROWS)]
    return [int(low) if feature.type is FeatureType.INTEGER else float(low)] * ROWS


def examples(workload: Workload) -> pa.Table:
    """Examples of which every fourth is true."""
    moments = [START + timedelta(minutes=10 * number) for number in range(ROWS)]
    return pa.table(
        {
            workload.examples.record_id: [f"row {number}" for number in range(ROWS)],
            workload.examples.event_time: moments,
            workload.label.known_at: [moment + timedelta(minutes=10) for moment in moments],
            workload.label.name: [number % 4 == 0 for number in range(ROWS)],
            **{name: values(feature) for name, feature in workload.features.items()},
        }
    )


def put(table: pa.Table, folder: Path, name: str) -> None:
    """Write one file of a part."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / f"{name}.parquet")


def prepared(workload: Workload, folder: Path) -> dataset.Split:
    """Write the parts as prepare does."""
    parts = dataset.split(workload, examples(workload))
    put(parts.training, folder / "training", "training")
    put(dataset.holdout_features(workload, parts), folder / "holdout", "holdout")
    put(dataset.holdout_labels(workload, parts), folder / "labels", "labels")
    (folder / "training" / dataset.VERSION_FILE).write_text('{"dataset_version": "sha256:data"}')
    split = {"dataset_version": "sha256:data", **dataset.describe(workload, parts)}
    (folder / "labels" / dataset.SPLIT_FILE).write_text(json.dumps(split))
    seen = {"sources": {"arrivals": {"read": 9, "outside": 2}}, "label_null": 3, "known_late": 1}
    (folder / "labels" / dataset.REPORT_FILE).write_text(json.dumps(seen))
    return parts


def packed(workload: Workload, folder: Path, answer: float = 0.5) -> tuple[str, bytes]:
    """Return the digest and the archive of a model."""
    digest = plan.save(folder / f"made-{answer}", workload, plan.Plan.of(workload), Prior((1 - answer, answer)))
    return digest, artifact.archive(folder / f"made-{answer}")
