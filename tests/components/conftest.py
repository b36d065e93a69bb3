"""A local cloud with what the components declare made in it, one a test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.local import started
from tests.components.release.local import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One local cloud for all tests of a module; each leaves the endpoint on an approved package."""
    folder = tmp_path_factory.mktemp("platform")
    with started(Platform, folder) as made:
        made.prepare(folder)
        yield made
