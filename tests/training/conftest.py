from __future__ import annotations

import pytest

from tests.training.streams import Streams, of_months
from training import features
from training.features import Features
from workloads import spec
from workloads.spec import Workload


@pytest.fixture(scope="session")
def workload() -> Workload:
    return spec.named("flights")


@pytest.fixture(scope="session")
def january() -> Streams:
    return of_months(["2013-01"])


@pytest.fixture(scope="session")
def january_features(workload: Workload, january: Streams) -> Features:
    return features.compute(workload, january)
