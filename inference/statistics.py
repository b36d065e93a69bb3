"""Statistics of a set of rows, in the form of SageMaker Model Monitor's ``statistics.json``.

Training writes them for the training set (the baseline), monitors for captured traffic; both by this code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workloads.spec import Feature, FeatureType, Workload

_BUCKETS = 20


def statistics(
    workload: Workload, columns: Mapping[str, Sequence[Any]], labels: Sequence[Any] | None = None
) -> dict[str, Any]:
    """Describe the model's inputs, and the labels where they are known.

    Parameters
    ----------
    workload : Workload
        Whose features are described.
    columns : mapping of str to sequence of shape (n_samples,)
        Values by feature; None or NaN where one is missing.
    labels : sequence of shape (n_samples,), optional
        As the data set has them: booleans, categories or numbers.

    Returns
    -------
    dict
        ``{"version", "dataset": {"item_count"}, "features": [...], "label": {...}}``. Numbers have mean,
        standard deviation (of the population), bounds and a histogram of equal widths; categories have the count of
        each value.
    """
    features = [_feature(name, feature, columns[name]) for name, feature in workload.features.items()]
    items = len(columns[next(iter(workload.features))])
    found = {"version": 0, "dataset": {"item_count": items}, "features": features}
    if labels is not None:
        label = workload.label
        found["label"] = _column(label.name, FeatureType(label.type), label.categories, labels)
    return found


def _feature(name: str, feature: Feature, values: Sequence[Any]) -> dict[str, Any]:
    return _column(name, feature.type, feature.categories, values)


def _column(name: str, kind: FeatureType, categories: tuple[str, ...] | None, values: Sequence[Any]) -> dict[str, Any]:
    if kind is FeatureType.CATEGORY:
        return {"name": name, "inferred_type": "String", "string_statistics": _category(categories or (), values)}
    inferred = "Fractional" if kind is FeatureType.NUMBER else "Integral"
    numbers = np.asarray(values, dtype=np.float64)
    return {"name": name, "inferred_type": inferred, "numerical_statistics": _number(numbers)}


def _category(categories: tuple[str, ...], values: Sequence[Any]) -> dict[str, Any]:
    counts = dict.fromkeys(categories, 0)
    missing = 0
    for value in values:
        if value is None:
            missing += 1
        else:
            counts[value] = counts.get(value, 0) + 1
    return {
        "common": {"num_present": len(values) - missing, "num_missing": missing},
        "distinct_count": sum(count > 0 for count in counts.values()),
        "distribution": {"categorical": {"buckets": [{"value": value, "count": n} for value, n in counts.items()]}},
    }


def _number(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    present = values[~np.isnan(values)]
    common = {"num_present": len(present), "num_missing": len(values) - len(present)}
    if not len(present):
        return {"common": common}
    counts, edges = np.histogram(present, bins=_BUCKETS)
    buckets = [
        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return {
        "common": common,
        "mean": float(present.mean()),
        "sum": float(present.sum()),
        "std_dev": float(present.std()),
        "min": float(present.min()),
        "max": float(present.max()),
        "distribution": {"histogram": {"buckets": buckets}},
    }
