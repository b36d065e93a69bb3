"""moto's backends: what holds the state of a service in an account and a region."""

from __future__ import annotations

import importlib
from typing import Any


def of(service: str, account: str, region: str = "aws") -> Any:
    """Return the backend of a service; services without regions (IAM, STS, S3) have one a partition.

    It is imported here and not at start: moto reads its configuration at import, and some services take seconds.
    """
    module = importlib.import_module(f"moto.{service}.models")
    return getattr(module, f"{service}_backends")[account][region]
