"""Estimators as a workload names them: built from import paths, and made to answer quantiles.

In ``estimator.parameters`` a mapping of ``type`` (an import path) and ``parameters`` is an object of that class, at any
depth; ``[name, object]`` is a step of a pipeline, or a member of an ensemble:

.. code-block:: yaml

    type: sklearn.pipeline.Pipeline
    parameters:
      steps:
        - [scale, {type: sklearn.preprocessing.StandardScaler}]
        - [model, {type: sklearn.linear_model.LogisticRegression, parameters: {C: 0.5}}]

Only classes are called, so a path that leads to a function does nothing.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.utils.validation import has_fit_parameter

from training.job import JobError
from workloads.spec import LabelType, Workload

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
# What makes a class of these libraries fit one quantile. The name of the quantile's own parameter comes first.
_QUANTILES: dict[str, tuple[str, dict[str, str]]] = {
    "HistGradientBoostingRegressor": ("quantile", {"loss": "quantile"}),
    "GradientBoostingRegressor": ("alpha", {"loss": "quantile"}),
    "QuantileRegressor": ("quantile", {}),
    "LGBMRegressor": ("alpha", {"objective": "quantile"}),
    "XGBRegressor": ("quantile_alpha", {"objective": "reg:quantileerror"}),
}
# What these libraries are told where nothing else is said. They take every core, and numbers that are added in another
# order give another model; LightGBM also measures which of two layouts is faster, and each adds in an order of its own.
_REPEATABLE: dict[str, dict[str, Any]] = {
    "lightgbm": {"n_jobs": 1, "deterministic": True, "force_col_wise": True},
    "xgboost": {"n_jobs": 1},
}


def build(workload: Workload, parameters: Mapping[str, Any], categorical: Sequence[bool]) -> Any:
    """Make the workload's estimator.

    Parameters
    ----------
    workload : Workload
        Which names the class.
    parameters : mapping
        Keyword arguments of the class.
    categorical : sequence of bool of shape (n_columns,)
        Which columns are codes of a category, for the class's ``categorical_parameter``.

    Returns
    -------
    object
        Not fitted; it works in one thread where nothing is said, so that the same data give the same model.

    Raises
    ------
    JobError
        If it cannot be imported or made, or does not answer what the label asks.
    """
    given = dict(parameters)
    mask = workload.estimator.categorical_parameter
    outer = mask is not None and "__" not in mask and not _of_fit(mask)
    if mask and outer:
        given[mask] = _mask(mask, categorical)
    estimator = _made(workload.estimator.type, given, "estimator")
    if mask and not outer and not _of_fit(mask):
        _set(estimator, {mask: _mask(mask, categorical)}, workload)
    _answers(workload, estimator)
    return estimator


def fit_arguments(workload: Workload, categorical: Sequence[bool]) -> dict[str, Any]:
    """Return what ``fit`` is told about the columns: LightGBM takes the categories there, the others when made."""
    mask = workload.estimator.categorical_parameter
    return {mask: _mask(mask, categorical)} if mask and _of_fit(mask) else {}


def for_quantile(workload: Workload, estimator: Any, quantile: float) -> Any:
    """Return a copy of an estimator that fits one quantile.

    Raises
    ------
    JobError
        If its class cannot.
    """
    prefix, last = "", estimator
    while True:
        if hasattr(last, "steps"):
            name, inner = last.steps[-1]
        elif getattr(last, "regressor", None) is not None:  # TransformedTargetRegressor: order keeps quantiles
            name, inner = "regressor", last.regressor
        else:
            break
        prefix, last = f"{prefix}{name}__", inner
    names = last.get_params() if hasattr(last, "get_params") else {}
    known = next((_QUANTILES[kind.__name__] for kind in type(last).__mro__ if kind.__name__ in _QUANTILES), None)
    if known is None and "quantile" in names:
        known = ("quantile", {})
    if known is None:
        raise JobError(
            f"label.quantiles must be answered by the estimator, and {type(last).__name__} fits no quantile. Take one "
            f"of {', '.join(_QUANTILES)}, as the last step of a pipeline too, a class of your own with a parameter "
            "`quantile`, or remove label.quantiles."
        )
    own, others = known
    copy = clone(estimator)
    _set(copy, {f"{prefix}{name}": value for name, value in {**others, own: quantile}.items()}, workload)
    return copy


def weight_parameter(workload: Workload, estimator: Any) -> str:
    """Return the argument of ``fit`` that takes what each example counts.

    Raises
    ------
    JobError
        If there is none.
    """
    if hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        return f"{name}__{weight_parameter(workload, last)}"
    taken = has_fit_parameter(estimator, "sample_weight") or _passes_on(estimator)
    if not taken:
        raise JobError(
            f"label.weights must be taken by the estimator, and {type(estimator).__name__}.fit has no sample_weight. "
            "Choose another class, or remove the weights."
        )
    return "sample_weight"


def _passes_on(estimator: Any) -> bool:
    """Tell whether it is an ensemble whose members all take weights."""
    members = getattr(estimator, "estimators", None)
    if not isinstance(members, list | tuple):
        return False
    return all(has_fit_parameter(member, "sample_weight") for _, member in members if not isinstance(member, str))


def _of_fit(name: str) -> bool:
    return name.rpartition("__")[2] == "categorical_feature"


def _mask(name: str, categorical: Sequence[bool]) -> Any:
    """Say which columns are codes of a category, as the parameter of this name takes it."""
    if name.rpartition("__")[2] == "feature_types":  # XGBoost
        return ["c" if code else "q" for code in categorical]
    if _of_fit(name):  # LightGBM
        return [column for column, code in enumerate(categorical) if code]
    return list(categorical)


def _made(path: str, parameters: Mapping[str, Any], field: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise JobError(
            f"{field}.type must be importable in the image, got {path}: {error}. "
            "Correct the import path, or add its package to image/requirements.in."
        ) from error
    if not inspect.isclass(kind):
        raise JobError(f"{field}.type must be a class, got {path}, a {type(kind).__name__}. Name the class itself.")
    given = {key: _value(value, f"{field}.parameters.{key}") for key, value in parameters.items()}
    for key, value in _REPEATABLE.get(module.partition(".")[0], {}).items():
        given.setdefault(key, value)
    try:
        return kind(**given)
    except TypeError as error:
        raise JobError(f"{field}.parameters must be arguments of {path}: {error}") from error


def _value(value: Any, field: str) -> Any:
    """Make the objects that a parameter describes; everything else stays what it is."""
    if isinstance(value, Mapping):
        path = value.get("type")
        if isinstance(path, str) and _PATH.fullmatch(path) and set(value) <= {"type", "parameters"}:
            return _made(path, value.get("parameters") or {}, field)
        return {key: _value(inner, f"{field}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        made = [_value(inner, f"{field}[{at}]") for at, inner in enumerate(value)]
        # scikit-learn wants its steps as tuples
        named = bool(made) and isinstance(made[0], str) and any(hasattr(one, "fit") for one in made)
        return tuple(made) if named else made
    return value


def _set(estimator: Any, parameters: Mapping[str, Any], workload: Workload) -> None:
    try:
        estimator.set_params(**parameters)
    except (ValueError, TypeError, AttributeError) as error:
        raise JobError(f"{workload.estimator.type} must take {', '.join(parameters)}: {error}") from error


def _answers(workload: Workload, estimator: Any) -> None:
    """Refuse an estimator that answers something else than the label asks."""
    kind, name = workload.label.type, workload.estimator.type
    method = "predict" if kind is LabelType.NUMBER else "predict_proba"
    of_other_kind = _is(is_classifier, estimator) if kind is LabelType.NUMBER else _is(is_regressor, estimator)
    if of_other_kind:
        wanted = "a regressor" if kind is LabelType.NUMBER else "a classifier"
        raise JobError(f"estimator.type must be {wanted} where label.type is {kind}, got {name}. Choose another class.")
    missing = [wanted for wanted in ("fit", method) if not hasattr(estimator, wanted)]
    if missing:
        remedy = "Choose another class"
        if kind is not LabelType.NUMBER:
            remedy += ", or put it into sklearn.calibration.CalibratedClassifierCV, which makes probabilities"
        raise JobError(f"estimator.type must have {' and '.join(missing)}, got {name}. {remedy}.")


def _is(test: Any, estimator: Any) -> bool:
    try:
        return bool(test(estimator))
    except (AttributeError, TypeError):  # a class that is not scikit-learn's says nothing about itself
        return False
