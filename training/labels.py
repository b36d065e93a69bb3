"""The labels of examples: their one type by kind, how many there must be of each, and what each counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from training.job import JobError
from workloads.spec import LabelType, Workload

Labels = npt.NDArray[Any]
_MATURE = 0.95  # of the answers have come after that long


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


_TYPES: dict[LabelType, tuple[Callable[[pa.DataType], bool], pa.DataType, Any, str]] = {
    LabelType.BOOLEAN: (pa.types.is_boolean, pa.bool_(), np.bool_, "Write the condition there, as `delay > 15`"),
    LabelType.CATEGORY: (_is_text, pa.string(), np.int64, "Write its name there, as `species::VARCHAR`"),
    LabelType.NUMBER: (_is_number, pa.float64(), np.float64, "Write a number there"),
}


def typed(workload: Workload, examples: pa.Table) -> pa.Table:
    """Return the examples with the label in the one type of its kind: boolean, string or double.

    Raises
    ------
    JobError
        If it is of another kind, or a number that is not finite.
    """
    label, values = workload.label, examples[workload.label.name]
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    fits, kind, _, remedy = _TYPES[label.type]
    if not fits(values.type):
        raise JobError(
            f"label.type is {label.type}, so {label.name} must be {kind} in features.sql, got {values.type}. {remedy}, "
            "or say another label.type."
        )
    values = values.cast(kind)
    if label.type is LabelType.NUMBER:
        infinite = pc.sum(pc.invert(pc.is_finite(values))).as_py() or 0
        if infinite:
            raise JobError(
                f"{label.name} must be a finite number, got NaN or infinity in {infinite} of {len(values)} examples. "
                "Guard the division in features.sql, as `x / nullif(y, 0)`."
            )
    return examples.set_column(examples.column_names.index(label.name), label.name, values)


def unanswered(workload: Workload, examples: pa.Table, end: datetime) -> str | None:
    """Say whether too many examples have no answer that should have one.

    An example is old enough if it was asked so long before the end of the data that 95 in 100 of the answered ones had
    their answer after that long: the newest examples of any workload have none yet.

    Parameters
    ----------
    workload : Workload
        Whose ``check.unanswered`` is the largest share.
    examples : Table
        Every row of the examples' view, answered or not.
    end : datetime
        Of the data.

    Returns
    -------
    str or None
        The problem.
    """
    asked, known = (examples[name].to_pandas() for name in (workload.examples.event_time, workload.label.known_at))
    missing = pd.Series(pc.is_null(examples[workload.label.name]).to_numpy())
    delays = (known - asked)[~missing & known.notna()]
    wait = delays.quantile(_MATURE) if len(delays) else pd.Timedelta(0)
    old = asked + max(wait, pd.Timedelta(0)) < pd.Timestamp(end)
    found, most = int((missing & old).sum()), workload.check.unanswered
    if found <= most * int(old.sum()):
        return None
    return (
        f"{workload.label.name} must have a value in at least {1 - most:.0%} of the examples that are old enough, got "
        f"none in {found} of {int(old.sum())}. Mend features.sql or the raw data, leave out examples that never get an "
        "answer, or raise check.unanswered."
    )


def enough(workload: Workload, examples: pa.Table, part: str, least: int) -> Iterator[str]:
    """Say what a part lacks to be trained on, or measured by.

    Parameters
    ----------
    workload : Workload
        Whose label it is.
    examples : Table
        The part's rows, with a `typed` label.
    part : str
        What the part is called.
    least : int
        Fewest rows of it; of each class, where the label has classes.
    """
    label, values = workload.label, examples[workload.label.name]
    remedy = "Give a longer time between DataStart and DataEnd"
    if least > 1:
        remedy += ", a larger holdout.share, or a smaller holdout.minimum_examples"
    if label.type is LabelType.NUMBER:
        different = len(pc.unique(values))
        if examples.num_rows < least or different <= 1:
            yield (
                f"The {part} must hold at least {max(least, 2)} examples with different values of {label.name}, got "
                f"{examples.num_rows} examples with {different}. {remedy}."
            )
        return
    counts = {shown(one["values"]): one["counts"] for one in pc.value_counts(values).to_pylist()}
    few = [f"{name} {counts.get(name, 0)}" for name in label.classes if counts.get(name, 0) < least]
    if few:
        classes = "both answers" if label.type is LabelType.BOOLEAN else "every category"
        at_least = f"at least {least} examples" if least > 1 else "examples"
        unknown = ", ".join(repr(name) for name in sorted(set(counts) - set(label.classes))[:3])
        yield (
            f"The {part} must hold {at_least} of {classes} of {label.name}, got {', '.join(few)} among "
            f"{examples.num_rows} examples. {f'label.categories lacks {unknown}, which it has. ' if unknown else ''}"
            f"{remedy}."
        )


def shown(value: Any) -> str:
    """Return a label's value as the workload file writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def encoded(workload: Workload, examples: pd.DataFrame) -> Labels:
    """Return the labels as an estimator takes them, of shape (n_samples,).

    Booleans, codes of categories from 0 in the order of ``label.categories``, or numbers.

    Raises
    ------
    JobError
        If one is missing, or none of the categories.
    """
    label, values = workload.label, examples[workload.label.name]
    codes = values.map({name: code for code, name in enumerate(label.classes)}) if label.categories else values
    wrong = values[codes.isna()]
    if len(wrong):
        known = f"one of {', '.join(label.classes)}" if label.classes else "a number"
        raise JobError(
            f"{label.name} must be {known}, got {wrong.iloc[0]!r} in {len(wrong)} of {len(values)} rows. Mend the raw "
            "data or features.sql; the check step reports it too."
        )
    return codes.to_numpy(dtype=_TYPES[label.type][2])


def weights(workload: Workload, labels: Labels) -> npt.NDArray[np.float64] | None:
    """Return what each example counts in training, of shape (n_samples,), or None where all count the same.

    ``balanced`` is scikit-learn's: the classes count the same, and the mean is 1.
    """
    given = workload.label.weights
    if given is None:
        return None
    codes = labels.astype(np.int64)
    if given == "balanced":
        counts = np.bincount(codes, minlength=len(workload.label.classes))
        by_class = len(codes) / (len(counts) * np.maximum(counts, 1))
    else:
        by_class = np.array([given[name] for name in workload.label.classes])
    return np.asarray(by_class[codes], dtype=np.float64)
