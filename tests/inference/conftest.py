from __future__ import annotations

from typing import Any

import pytest

from workloads import spec
from workloads.spec import Workload

_CALLER = {
    "carrier": "UA",
    "origin": "EWR",
    "destination": "IAH",
    "distance": 1400,
    "departure_minute": 315,
    "weekday": 2,
    "scheduled_minutes": 244,
}


@pytest.fixture(scope="session")
def workload() -> Workload:
    return spec.named("flights")


@pytest.fixture
def instance() -> dict[str, Any]:
    """What a caller must at least send."""
    return dict(_CALLER)
