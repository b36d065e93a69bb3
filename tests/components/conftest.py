"""A local cloud with what the components declare made in it, one a test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.endpoints.local import own_settings
from tests.components.release_local import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One local cloud for all tests of a module; each leaves the endpoint on an approved package."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("platform")
        made = Platform(own_settings(folder, monkeypatch))
        try:
            made.start()
            made.prepare(folder)
            yield made
        finally:
            made.stop()
