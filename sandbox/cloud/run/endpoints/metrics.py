"""AWS/SageMaker's invocation metrics: counted at once, put into CloudWatch together every few seconds."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import clients
from sandbox.cloud.run.endpoints.flush import every

NAMESPACE = "AWS/SageMaker"
_MOST_VALUES = 100  # single values a datum keeps, for percentiles; above that only sum, count, minimum and maximum
_MICROSECONDS = 1_000_000
_LOCK = threading.Lock()
_Key = tuple[str, str, str, str]  # endpoint, variant, metric, unit
_COUNTED: dict[_Key, list[float]] = defaultdict(list)


def count(endpoint: str, variant: str, status: int, model_seconds: float, overhead: Callable[[], float]) -> None:
    """Count one invocation.

    Parameters
    ----------
    endpoint, variant : str
        The metrics' dimensions.
    status : int
        The container's; 0 if it gave none in time.
    model_seconds : float
        What the container took.
    overhead : callable
        Returns what everything else took so far, in seconds; asked last.
    """
    failed = status >= 500 or status == 0
    values = (
        ("Invocations", "None", 1.0),
        ("Invocation4XXErrors", "None", float(400 <= status < 500)),
        ("Invocation5XXErrors", "None", float(failed)),
        ("InvocationModelErrors", "None", float(failed or status >= 400)),
        ("ModelLatency", "Microseconds", round(model_seconds * _MICROSECONDS)),
        ("OverheadLatency", "Microseconds", round(overhead() * _MICROSECONDS)),
    )
    with _LOCK:
        for metric, unit, value in values:
            _COUNTED[endpoint, variant, metric, unit].append(value)
    _FLUSHER.wake()


def flush() -> None:
    """Put what was counted."""
    with _LOCK:
        counted = dict(_COUNTED)
        _COUNTED.clear()
    now = datetime.now(UTC)
    data = [_datum(key, values, now) for key, values in counted.items()]
    for start in range(0, len(data), 500):
        clients.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + 500])


def _datum(key: _Key, values: list[float], now: datetime) -> dict[str, Any]:
    endpoint, variant, metric, unit = key
    datum: dict[str, Any] = {
        "MetricName": metric,
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
        "Timestamp": now,
        "Unit": unit,
    }
    if unit == "Microseconds" and len(values) <= _MOST_VALUES:
        return {**datum, "Values": values, "Counts": [1.0] * len(values)}
    total = {"SampleCount": len(values), "Sum": sum(values), "Minimum": min(values), "Maximum": max(values)}
    return {**datum, "StatisticValues": total}


_FLUSHER = every(2.0, flush, "metrics")


def on_stop() -> None:
    """Stop flushing."""
    _FLUSHER.stop()
