"""Names of a test's own."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"server-{uuid.uuid4().hex[:12]}"
