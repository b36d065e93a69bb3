"""The serving plan: how a row of the input contract becomes the estimator's numbers, and an answer.

Training fits and evaluates through the same plan, so what was measured is what serves. The four functions at the end
are SageMaker's: model_fn, input_fn, predict_fn and output_fn.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from agreements.variables import BOOTSTRAP
from inference import artifact, formats, headers
from inference.answers import BOOLEAN_ANSWER, AnswerForm, Answers
from inference.contract import Row
from inference.estimators import Classifier, Estimator, Matrix, Regressor, WithQuantiles, of_prior
from workloads import folder as folders
from workloads import spec
from workloads.problems import ProblemsError
from workloads.spec import FeatureType, LabelType, Workload

ESTIMATOR_FILE = "estimator.pkl"
QUANTILES_FILE = "quantiles.pkl"
PLAN_FILE = "plan.json"
_FORMAT = 2  # 1 knew only boolean labels, and did not say so
_FLOAT32_SUM = 1e-4  # how far from 1 the sum of probabilities of single precision may be


@dataclass(frozen=True)
class Input:
    """One feature of the model: its name, its type, and the values of a category in the order of their codes."""

    name: str
    type: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How rows become numbers.

    Attributes
    ----------
    inputs : tuple of Input
        In the order of the input contract.
    one_hot : bool
        Whether a category becomes a column a value, or one column of codes.
    medians : dict of str to float
        What stands for a missing number, by feature; where there is none, NaN reaches the estimator.
    answer : AnswerForm
        What the estimator's numbers become.
    """

    inputs: tuple[Input, ...]
    one_hot: bool
    medians: dict[str, float]
    answer: AnswerForm = BOOLEAN_ANSWER

    @classmethod
    def of(cls, workload: Workload) -> Plan:
        """Derive the plan from a workload; medians come with `fitted`."""
        inputs = tuple(
            Input(name, str(feature.type), feature.categories or ()) for name, feature in workload.features.items()
        )
        one_hot = workload.estimator.categorical_parameter is None
        return cls(inputs, one_hot=one_hot, medians={}, answer=AnswerForm.of(workload))

    def fitted(self, columns: Mapping[str, Sequence[Any]]) -> Plan:
        """Return the plan with the medians of these columns."""
        medians = {}
        for column in self.inputs:
            if column.type != FeatureType.CATEGORY:
                values = _numbers(columns[column.name])
                medians[column.name] = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
        return replace(self, medians=medians)

    @property
    def categorical(self) -> list[bool]:
        """Which columns of the matrix are codes of a category."""
        return [column.type == FeatureType.CATEGORY for column in self.inputs]

    def matrix(self, columns: Mapping[str, Sequence[Any]]) -> Matrix:
        """Turn columns into numbers.

        Parameters
        ----------
        columns : mapping of str to sequence of shape (n_samples,)
            None or NaN where a value is missing.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            A category that is missing is NaN as a code, and all zeros as columns of its values.
        """
        parts: list[Matrix] = []
        for column in self.inputs:
            values = columns[column.name]
            if column.type != FeatureType.CATEGORY:
                numbers = _numbers(values)
                if column.name in self.medians:
                    numbers = np.where(np.isnan(numbers), self.medians[column.name], numbers)
                parts.append(numbers[:, None])
            elif self.one_hot:
                parts.append((_codes(values, column.categories)[:, None] == np.arange(len(column.categories))) * 1.0)
            else:
                parts.append(_codes(values, column.categories)[:, None])
        return np.hstack(parts)

    def answers(self, estimator: Estimator, rows: Matrix) -> Answers:
        """Ask an estimator, and give its numbers the form of answers.

        Parameters
        ----------
        estimator : Estimator
            Fitted with the codes of this plan's classes, or with numbers.
        rows : ndarray of shape (n_samples, n_columns)

        Returns
        -------
        ndarray of shape (n_samples, n_columns of the form)
            Quantiles in their order: estimators that were fitted apart may cross.
        """
        if self.answer.type is LabelType.NUMBER:
            regressor = cast(Regressor, estimator)
            others = regressor.quantiles if isinstance(regressor, WithQuantiles) else ()
            values = np.column_stack([np.asarray(one.predict(rows), dtype=np.float64) for one in (regressor, *others)])
            values[:, 1:].sort(axis=1)
            return self.answer.clipped(values)
        shares = np.asarray(cast(Classifier, estimator).predict_proba(rows), dtype=np.float64)
        wanted = (len(rows), len(self.answer.classes))
        if shares.shape != wanted:
            raise ValueError(f"The estimator must answer {wanted[1]} classes, got an array of shape {shares.shape}.")
        if self.answer.type is LabelType.BOOLEAN:
            return shares[:, 1:]
        if len(shares):
            sums = shares.sum(axis=1, keepdims=True)
            # single precision leaves a rest; what is no probability stays what it is, and is refused
            shares = np.where(np.abs(sums - 1) <= _FLOAT32_SUM, shares / sums, shares)
        return shares

    def as_json(self) -> str:
        """Write the plan as the text of ``plan.json``."""
        inputs = [
            {"name": column.name, "type": column.type, "categories": list(column.categories)} for column in self.inputs
        ]
        content = {
            "format": _FORMAT,
            "inputs": inputs,
            "one_hot": self.one_hot,
            "medians": self.medians,
            "answer": self.answer.as_json(),
        }
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `as_json` wrote."""
        content = json.loads(text)
        inputs = tuple(Input(one["name"], one["type"], tuple(one["categories"])) for one in content["inputs"])
        form = AnswerForm.from_json(content["answer"]) if "answer" in content else BOOLEAN_ANSWER
        return cls(inputs, content["one_hot"], content["medians"], form)


def _numbers(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)  # None becomes NaN


def _codes(values: Sequence[Any], categories: tuple[str, ...]) -> npt.NDArray[np.float64]:
    positions = {category: float(code) for code, category in enumerate(categories)}
    return np.array([positions.get(value, np.nan) for value in values], dtype=np.float64)


@dataclass(frozen=True)
class Model:
    """A model that answers.

    Attributes
    ----------
    digest : str
        ``sha256:<hex>`` of the manifest, or ``bootstrap``.
    workload : Workload
        The contract that it was trained with.
    """

    digest: str
    plan: Plan
    estimator: Estimator
    workload: Workload

    def answers(self, columns: Mapping[str, Sequence[Any]]) -> Answers:
        """Answer rows; see `inference.answers` for what the columns of the answer are.

        Parameters
        ----------
        columns : mapping of str to sequence of shape (n_samples,)
            Values by feature, None or NaN where one is missing.

        Returns
        -------
        ndarray of shape (n_samples, n_columns of the plan's form)
        """
        # One thread: requests run beside each other, and waiting threads would burn the cores that they need.
        with threadpool_limits(1):
            return self.plan.answers(self.estimator, self.plan.matrix(columns))


def save(folder: Path, workload: Workload, plan: Plan, estimator: Estimator) -> str:
    """Write a model's files, its workload's among them, and the manifest; return the model's digest."""
    folders.write(folders.files(workload.folder), folder / artifact.WORKLOAD)
    (folder / PLAN_FILE).write_text(plan.as_json(), encoding="utf-8")
    value = estimator
    if isinstance(estimator, WithQuantiles):
        value = estimator.value
        (folder / QUANTILES_FILE).write_bytes(pickle.dumps(estimator.quantiles, protocol=5))
    (folder / ESTIMATOR_FILE).write_bytes(pickle.dumps(value, protocol=5))
    return artifact.write_manifest(folder, workload.name)


def model_fn(folder: Path, expected_digest: str | None = None) -> Model:
    """Load a model, after checking its files; from then on ``workload.<module>`` means its own workload's modules.

    Parameters
    ----------
    folder : Path
        Where the model's archive was unpacked.
    expected_digest : str, optional
        The digest that it must have; ``bootstrap`` answers the prior of the workload in the folder.

    Raises
    ------
    inference.artifact.ArtifactError
        If the files are not those of the digest, or do not load. Nothing is unpickled before the check.
    """
    found = artifact.verify(folder, None if expected_digest == BOOTSTRAP else expected_digest)
    workload = _workload(folder / artifact.WORKLOAD, found)
    if expected_digest == BOOTSTRAP:
        return Model(BOOTSTRAP, Plan.of(workload), of_prior(workload), workload)
    folders.use(workload.folder)
    try:
        plan = Plan.from_json((folder / PLAN_FILE).read_text(encoding="utf-8"))
        estimator = pickle.loads((folder / ESTIMATOR_FILE).read_bytes())  # noqa: S301 (its digest was checked above)
        if plan.answer.quantiles:
            quantiles = pickle.loads((folder / QUANTILES_FILE).read_bytes())  # noqa: S301 (as above)
            estimator = WithQuantiles(estimator, tuple(quantiles))
    except Exception as error:  # a pickle may raise anything
        raise artifact.ArtifactError(f"The model {found} does not load: {type(error).__name__}: {error}.") from error
    return Model(found, plan, cast(Estimator, estimator), workload)


def _workload(folder: Path, digest: str) -> Workload:
    if not folder.is_dir():
        raise artifact.ArtifactError(
            f"The model {digest} must carry its workload's files in {folder.name}/, and has none. It can be served by "
            "the image that it was packaged with; train it again to serve it by this one."
        )
    try:
        return spec.load(folder / folders.FILE, run_sql=False)
    except ProblemsError as error:
        raise artifact.ArtifactError(f"The workload of the model {digest} cannot be read: {error}") from error


def input_fn(workload: Workload, body: bytes, content_type: str) -> list[Row]:
    """Parse and validate a request: see `inference.formats.read`."""
    return formats.read(workload, body, headers.request_type(content_type))


def predict_fn(rows: list[Row], model: Model) -> Answers:
    """Answer each row: see `Model.answers`."""
    return model.answers({column.name: [row[column.name] for row in rows] for column in model.plan.inputs})


def output_fn(
    workload: Workload, answers: Answers, model: Model, accept: str, preferred: str = headers.JSON
) -> tuple[bytes, str]:
    """Return the answer's body and media type: see `inference.headers.answer_type` and `inference.formats.write`."""
    kind = headers.answer_type(accept, preferred)
    return formats.write(workload, answers, model.digest, kind), kind
