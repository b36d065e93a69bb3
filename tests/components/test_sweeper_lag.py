"""A list that lags shows as running what has ended: that it cannot be stopped is no error, anything else is."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from components import sweeper


def refuse(code: str) -> None:
    """Answer as SageMaker does."""
    raise ClientError({"Error": {"Code": code, "Message": "refused"}}, "StopPipelineExecution")


def test_an_execution_that_has_ended_meanwhile_is_passed_over() -> None:
    for code in ("ConflictException", "ResourceNotFound"):
        sweeper._unless_over(lambda code=code: refuse(code))  # type: ignore[misc]
    with pytest.raises(ClientError, match="AccessDenied"):
        sweeper._unless_over(lambda: refuse("AccessDeniedException"))
