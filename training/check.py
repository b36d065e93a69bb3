"""Processing job: the data-quality gate. What passes is published to the online feature store.

Every violation is counted and reported at once, with examples; one is enough to end the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from agreements import variables
from training import dataset, feature_store, job
from training.job import JobError
from workloads.spec import Feature, FeatureType, Workload

_EXAMPLES = 3
_KINDS: dict[FeatureType, Callable[[Any], bool]] = {
    FeatureType.INTEGER: pd.api.types.is_integer_dtype,
    FeatureType.NUMBER: pd.api.types.is_numeric_dtype,
    FeatureType.BOOLEAN: pd.api.types.is_bool_dtype,
    FeatureType.CATEGORY: lambda kind: pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind),
}


@dataclass(frozen=True)
class Violation:
    """One rule that rows break.

    Attributes
    ----------
    column, rule : str
        What must hold where.
    rows : int
        How many rows break it.
    examples : list of str
        A few of their values.
    """

    column: str
    rule: str
    rows: int
    examples: list[str]

    def __str__(self) -> str:
        """One line."""
        examples = f", such as {', '.join(self.examples)}" if self.examples else ""
        return f"{self.column} must {self.rule}: broken in {self.rows} rows{examples}"


def violations(workload: Workload, examples: pd.DataFrame) -> list[Violation]:
    """Find every rule of the workload that a training set breaks."""
    found = list(_whole(workload, examples))
    for name, feature in workload.features.items():
        if name in examples:
            found += _column(name, feature, examples[name])
    return found


def _whole(workload: Workload, examples: pd.DataFrame) -> Iterator[Violation]:
    rows = len(examples)
    keys = [workload.examples.record_id, workload.examples.event_time, workload.label.name, workload.label.known_at]
    for name in [*keys, *workload.features]:
        if name not in examples:
            yield Violation(name, "be a column of the training set", rows, [])
    if rows < workload.check.minimum_rows:
        yield Violation("training set", f"have at least {workload.check.minimum_rows} rows, got {rows}", rows, [])
    for name in keys:
        if name in examples and (missing := int(examples[name].isna().sum())):
            yield Violation(name, "have a value", missing, [])
    if keys[0] in examples:
        twice = examples[keys[0]][examples[keys[0]].duplicated()]
        if len(twice):
            yield Violation(keys[0], "be different in every row", len(twice), _shown(twice))
    if workload.label.name in examples and rows:
        yield from _label(workload, examples[workload.label.name])


def _label(workload: Workload, values: pd.Series[Any]) -> Iterator[Violation]:
    check, label, rows = workload.check, workload.label, len(values)
    name, present = label.name, values.dropna()
    if label.categories is not None:
        yield from _broken(name, "be one of its categories", present[~present.isin(label.categories)])
        for category in label.categories:
            share = float((values == category).mean())
            if check.class_share is not None and share < check.class_share:
                yield Violation(
                    name, f"be {category} in at least {check.class_share:g} of rows, got {share:.3f}", rows, []
                )
    if check.label_share is not None:
        low, high = check.label_share
        share = float(values.mean())
        if not low <= share <= high:
            yield Violation(name, f"be true in {low:g} to {high:g} of rows, got {share:.3f}", rows, [])
    if label.range is not None:
        yield from _outside(name, label.range, present)
    if check.label_mean is not None:
        low, high = check.label_mean
        mean = float(values.mean())
        if not low <= mean <= high:
            yield Violation(name, f"have a mean from {low:g} to {high:g}, got {mean:g}", rows, [])


def _column(name: str, feature: Feature, values: pd.Series[Any]) -> Iterator[Violation]:
    missing = values.isna()
    if missing.any() and not feature.nullable:
        yield Violation(name, "have a value", int(missing.sum()), [])
    present = values[~missing]
    if present.empty:
        return
    # pandas keeps whole numbers with gaps as floats
    kind = FeatureType.NUMBER if feature.type is FeatureType.INTEGER and missing.any() else feature.type
    found = present.infer_objects().dtype  # and booleans with gaps as objects
    if not _KINDS[kind](found):
        yield Violation(name, f"be of type {feature.type}, got {found}", len(values), _shown(present))
        return
    if feature.categories is not None:
        yield from _broken(name, "be one of its categories", present[~present.isin(feature.categories)])
    if feature.range is not None:
        yield from _outside(name, feature.range, present)


def _outside(name: str, bounds: tuple[float | None, float | None], values: pd.Series[Any]) -> Iterator[Violation]:
    low, high = bounds
    if low is not None:
        yield from _broken(name, f"be at least {low:g}", values[values < low])
    if high is not None:
        yield from _broken(name, f"be at most {high:g}", values[values > high])


def _broken(name: str, rule: str, rows: pd.Series[Any]) -> Iterator[Violation]:
    if len(rows):
        yield Violation(name, rule, len(rows), _shown(rows))


def _shown(values: pd.Series[Any]) -> list[str]:
    return [str(value) for value in values.drop_duplicates().head(_EXAMPLES)]


def main() -> None:
    """Check the training set, write ``check.json``, and publish the newest values of each entity."""
    workload = job.workload()
    examples = dataset.whole(
        workload, {part: dataset.read(job.processing("input", part), part) for part in dataset.PARTS}
    )
    found = violations(workload, examples)
    report = {"rows": len(examples), "violations": [asdict(violation) for violation in found]}
    job.output("check", "check.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if found:
        lines = "\n".join(f"- {violation}" for violation in found)
        raise JobError(
            f"The training set of {len(examples)} rows breaks {len(found)} rules:\n{lines}\n"
            "Mend the raw data, or the limits in workload.yaml."
        )
    job.say(f"{len(examples)} rows pass every rule")
    for entity in workload.entities:
        group = job.setting(variables.feature_group(entity))
        history = pq.ParquetFile(job.processing("input", "histories", f"{entity}.parquet")).read()
        written = feature_store.publish(workload, entity, history, group)
        job.say(f"Published {written} records to the feature group {group}")


if __name__ == "__main__":
    job.processing_main(main)
