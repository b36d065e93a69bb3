"""A local cloud that a test may kill and start again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.endpoints.local import Cloud, own_settings


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A running local cloud."""
    made = Cloud(own_settings(tmp_path, monkeypatch))
    made.start()
    try:
        yield made
    finally:
        made.stop()
