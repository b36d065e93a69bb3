"""What a component does where nobody says otherwise: the careful thing."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any

import components

DEFAULTS: dict[str, Any] = {
    "ApproverArgs.log_retention_days": 365,
    "ApproverArgs.look_every_minutes": 15,
    "BucketArgs.access_logs": None,
    "BucketArgs.announce_changes": False,
    "BucketArgs.expire_days": None,
    "BucketArgs.force_destroy": False,
    "BucketArgs.key_arn": None,
    "BucketArgs.noncurrent_days": None,
    "BucketArgs.takes_access_logs": False,
    "BucketArgs.write_once_prefixes": (),
    "CatalogueArgs.force_destroy": False,
    "CatalogueArgs.scan_limit_gb": 100,
    "DataLakeArgs.access_log_days": 365,
    "DataLakeArgs.force_destroy": False,
    "DataLakeArgs.noncurrent_days": 90,
    "EndpointAlarmsArgs.client_error_rate": 0.2,
    "EndpointAlarmsArgs.latency_ms": 1000.0,
    "EndpointAlarmsArgs.server_error_rate": 0.01,
    "EndpointArgs.outlived_by": (),
    "ImageArgs.buildspec": "image/buildspec.yml",
    "ImageArgs.folders": ("training", "inference", "workloads", "agreements", "image"),
    "ImageArgs.force_destroy": False,
    "KeysArgs.deletion_window_days": 30,
    "LedgerArgs.deletion_protection": True,
    "ReleaseArgs.log_retention_days": 365,
    "ReleaseArgs.protect_ledger": True,
    "ReleaseArgs.reconcile_every_minutes": 15,
    "ReleaseArgs.topic": None,
    "ServingPolicy.capture_percent": 0,
    "ServingPolicy.instance_count": 1,
    "ServingPolicy.instance_type": "ml.m5.large",
    "ServingPolicy.variant_name": "live",
    "ServiceRoleArgs.any_account_because": None,
    "StateMachineArgs.sees_own_executions": False,
    "TrackingArgs.size": "Small",
    "TrainingPipelineArgs.outlived_by": (),
}


def found() -> dict[str, Any]:
    """Return the default of every argument that has one, by class and field."""
    defaults = {}
    for module in pkgutil.walk_packages(components.__path__, "components."):
        for name, made in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if dataclasses.is_dataclass(made) and made.__module__ == module.name:
                for field in dataclasses.fields(made):
                    if field.default is not dataclasses.MISSING:
                        defaults[f"{name}.{field.name}"] = field.default
    return defaults


def test_every_default_is_as_reviewed() -> None:
    assert found() == DEFAULTS
