"""Training job: fit the workload's estimator on the training part, the only part that it is given.

SageMaker starts it as ``train``; the image's bin/train runs this module.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, cast

import pandas as pd
from threadpoolctl import threadpool_limits

from inference import plan
from inference.plan import Plan
from training import dataset, job, tracking
from training.job import JobError
from workloads.spec import Workload


def fit(workload: Workload, examples: pd.DataFrame, parameters: dict[str, Any]) -> tuple[Plan, plan.Estimator]:
    """Fit the estimator.

    Parameters
    ----------
    workload : Workload
        Which names the estimator.
    examples : DataFrame of shape (n_samples, n_columns)
        The training part.
    parameters : dict
        Keyword arguments of the estimator's class.

    Returns
    -------
    tuple of Plan and estimator
        The same examples give the same model, byte for byte.
    """
    columns = dataset.columns(workload, examples)
    how = Plan.of(workload)
    if workload.estimator.missing == "median":
        how = how.fitted(columns)
    if workload.estimator.categorical_parameter:
        parameters = {**parameters, workload.estimator.categorical_parameter: how.categorical}
    estimator = _estimator(workload, parameters)
    labels = examples[workload.label.name].to_numpy(dtype=bool)
    # One thread: sums in another order give other trees, and the model's digest must not depend on the machine.
    with threadpool_limits(1):
        estimator.fit(how.matrix(columns), labels)
    return how, cast(plan.Estimator, estimator)


def _estimator(workload: Workload, parameters: dict[str, Any]) -> Any:
    module, _, name = workload.estimator.type.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise JobError(
            f"estimator.type must be importable in the image, got {workload.estimator.type}: {error}. "
            "Correct the import path, or add its package to image/requirements.in."
        ) from error
    try:
        return kind(**parameters)
    except TypeError as error:
        raise JobError(f"estimator.parameters must be arguments of {workload.estimator.type}: {error}") from error


def main() -> None:
    """Train, and write the model's files and manifest."""
    workload = job.workload()
    folder = job.base() / "input" / "data" / "training"
    with tracking.step("train") as run:
        parameters = workload.estimator.parameters
        examples = dataset.read(folder, dataset.TRAINING).to_pandas()
        run.log(params=parameters, tags={"headrace.dataset_version": dataset.version(folder)})
        job.say(f"Fitting {workload.estimator.type} on {len(examples)} examples with {parameters}")
        how, estimator = fit(workload, examples, parameters)
        digest = plan.save(job.base() / "model", workload, how, estimator)
        run.log(tags={"headrace.model_digest": digest}, metrics={"training_rows": len(examples)})
        job.say(f"Model {digest}")


if __name__ == "__main__":
    sys.exit(job.run(main, "output/failure"))
