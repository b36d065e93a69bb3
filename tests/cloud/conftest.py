"""One local cloud for all tests that neither stop it nor ask for an empty one; they use names of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.local import Cloud, started


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running local cloud."""
    with started(Cloud, tmp_path_factory.mktemp("shared")) as made:
        yield made
