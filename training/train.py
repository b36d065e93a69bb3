"""Training job: fit the workload's estimator on the training part, the only part that it is given.

SageMaker starts it as ``train``; the image's bin/train runs this module.
"""

from __future__ import annotations

import random
import warnings
from typing import Any, cast

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from inference import plan
from inference.estimators import Estimator, Matrix, Regressor, WithQuantiles
from inference.plan import Plan
from training import dataset, estimators, job, labels, tracking
from training.job import JobError
from workloads.spec import Workload


def fit(workload: Workload, examples: pd.DataFrame, parameters: dict[str, Any]) -> tuple[Plan, Estimator]:
    """Fit the estimator, and one more for each quantile that the label asks for.

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

    Raises
    ------
    JobError
        If the estimator cannot be made, or does not answer what the label asks.
    """
    columns = dataset.columns(workload, examples)
    how = Plan.of(workload)
    if workload.estimator.missing == "median":
        how = how.fitted(columns)
    estimator = estimators.build(workload, parameters, how.categorical)
    answers = labels.encoded(workload, examples)
    counts = labels.weights(workload, answers)
    arguments = estimators.fit_arguments(workload, how.categorical)
    if counts is not None:
        arguments[estimators.weight_parameter(workload, estimator)] = counts
    each = [estimator, *(estimators.for_quantile(workload, estimator, one) for one in workload.label.quantiles or ())]
    rows = how.matrix(columns)
    for one in each:
        _fit(one, rows, answers, arguments, weighted=counts is not None)
    if len(each) == 1:
        return how, cast(Estimator, estimator)
    return how, WithQuantiles(cast(Regressor, each[0]), tuple(each[1:]))


def _fit(estimator: Any, rows: Matrix, answers: labels.Labels, arguments: dict[str, Any], *, weighted: bool) -> None:
    # whoever is given no random_state takes these
    for seed in (random.seed, np.random.seed):
        seed(0)
    # One thread: sums in another order give other trees, and the model's digest must not depend on the machine.
    with threadpool_limits(1), warnings.catch_warnings():
        # an ensemble whose member takes no weights says so in a warning, and leaves them out
        warnings.filterwarnings("error", message=".*sample[_ ]weight.*")
        try:
            estimator.fit(rows, answers, **arguments)
        except Warning as warning:
            if not weighted:
                raise
            raise JobError(f"label.weights must be taken by the estimator: {warning} Remove them.") from warning


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
    job.leave(job.run(main, "output/failure"))
