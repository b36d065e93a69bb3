"""CloudWatch's alarms and metric data as moto keeps them."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.moto import backends


def alarms(account: str, region: str) -> dict[str, Any]:
    """Return the alarms by name: moto's own records, whose attributes are PutMetricAlarm's in small letters."""
    kept: dict[str, Any] = dict(backends.of("cloudwatch", account, region).alarms)
    return kept


def data(account: str, region: str) -> list[Any]:
    """Return the metric data: moto's own records, with ``name``, ``namespace``, ``dimensions``, ``timestamp``."""
    return list(backends.of("cloudwatch", account, region).metric_data)


def summary(datum: Any) -> tuple[float, float, float, float]:
    """Return how many samples a datum stands for, their sum, the least and the greatest."""
    from moto.cloudwatch.models import MetricDatum  # noqa: PLC0415 - moto is configured by then

    if isinstance(datum, MetricDatum):
        return 1.0, datum.value, datum.value, datum.value
    return datum.sample_count, datum.sum, datum.min, datum.max
