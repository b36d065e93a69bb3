from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.training.streams import Streams, known_at

END = datetime(2013, 1, 13, tzinfo=UTC)


@pytest.fixture(scope="session")
def twelve_days(january: Streams) -> Streams:
    """The flights of the first days of January, which take a tenth of a second to compute."""
    return known_at(january, END)
