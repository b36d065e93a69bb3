"""A local cloud that the tests kill and start again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.endpoints.local import Cloud, own_settings


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = Cloud(own_settings(tmp_path_factory.mktemp("state"), monkeypatch))
        made.start()
        try:
            yield made
        finally:
            made.stop()
