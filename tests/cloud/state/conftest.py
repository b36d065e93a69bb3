"""A local cloud that the tests kill and start again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.local import Cloud, started


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud."""
    with started(Cloud, tmp_path_factory.mktemp("state")) as made:
        yield made
