"""What one answer for everybody, and what a first model, give on the hold-out: tried as `make try` does it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scaffold import sql_text, yaml_text
from scaffold.build import judged
from scaffold.draft import Draft
from scaffold.judgement import GATED, Gate
from trial import Trial, run
from workloads.folder import FILE, SQL
from workloads.metrics import METRICS
from workloads.problems import ProblemsError
from workloads.spec import LabelType

_SAME_FOR_ALL = {
    LabelType.BOOLEAN: "sklearn.dummy.DummyClassifier",
    LabelType.CATEGORY: "sklearn.dummy.DummyClassifier",
    LabelType.NUMBER: "sklearn.dummy.DummyRegressor",
}
"""Estimators that know the prior alone: the shares of the classes, or the mean."""


def with_gates(draft: Draft, data: Path, folder: Path) -> tuple[Draft, Trial]:
    """Fit a first model and set the gates by it.

    Parameters
    ----------
    draft : Draft
        A workload without gates.
    data : Path
        The folder of its data.
    folder : Path
        Where it may be written, to be tried; called like the workload.

    Returns
    -------
    tuple of Draft and Trial
        The workload with its gates, and what trying it with them found.
    """
    open_gates = tuple(_open(name) for name in GATED[draft.choice.label.kind])
    first = replace(draft, gates=open_gates, margin=-1.0)
    nothing = replace(first, estimator=_SAME_FOR_ALL[draft.choice.label.kind], parameters={})
    floor = _metrics(_tried(nothing, data, folder))
    reached = _metrics(_tried(first, data, folder))
    made = judged(draft, floor, reached)
    return made, _tried(made, data, folder)


def leaks(error: ProblemsError, draft: Draft) -> dict[str, str]:
    """Return the features of a draft that answer the question alone, as the proofs on real data found, and why."""
    found = {}
    for problem in error.problems:
        name = problem.field.removeprefix("features.")
        if "answer the question alone" in problem.rule and name in {feature.name for feature in draft.features}:
            found[name] = f"it answers the question alone ({problem.value}): it is known with the answer, or is it"
    return found


def _open(metric: str) -> Gate:
    """Return a gate that everything passes."""
    low, high = METRICS[metric].bounds
    side = METRICS[metric].guard
    limit = low if side == "minimum" else high
    if not math.isfinite(limit):
        limit = math.copysign(1e300, limit)
    return Gate(metric, side, limit, limit, limit)


def write(draft: Draft, folder: Path) -> None:
    """Write what a trial needs of a workload."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(yaml_text.write(draft), encoding="utf-8")
    (folder / SQL).write_text(sql_text.write(draft), encoding="utf-8")


def _tried(draft: Draft, data: Path, folder: Path) -> Trial:
    write(draft, folder)
    return run(folder, data)


def _metrics(trial: Trial) -> Mapping[str, float]:
    return dict(zip(trial.metrics["metric"], trial.metrics["value"], strict=True))
