"""One local cloud for all tests that neither stop it nor ask for an empty one; they use names of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.endpoints.local import Cloud, own_settings


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = Cloud(own_settings(tmp_path_factory.mktemp("shared"), monkeypatch))
        made.start()
        try:
            yield made
        finally:
            made.stop()
