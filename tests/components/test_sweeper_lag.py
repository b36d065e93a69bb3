"""A list that lags shows as running what has ended: that it cannot be stopped is no error, anything else is."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from components import sweeper


def refuse(code: str, message: str = "refused") -> None:
    """Answer as SageMaker does."""
    raise ClientError({"Error": {"Code": code, "Message": message}}, "StopPipelineExecution")


def test_an_execution_that_has_ended_meanwhile_is_passed_over() -> None:
    for code in ("ConflictException", "ResourceNotFound"):
        sweeper._unless_over(lambda code=code: refuse(code))  # type: ignore[misc]
    with pytest.raises(ClientError, match="AccessDenied"):
        sweeper._unless_over(lambda: refuse("AccessDeniedException"))


@pytest.mark.parametrize(
    ("code", "message", "gone"),
    [
        ("ResourceNotFound", "refused", True),
        ("ValidationException", 'Could not find model "m".', True),
        ("ValidationException", "ModelPackage m does not exist.", True),
        ("ValidationException", "Its name must have at most 63 characters.", False),
        ("AccessDeniedException", 'Could not find a policy that allows "m".', False),
    ],
)
def test_what_is_gone_is_told_from_what_is_refused(code: str, message: str, gone: bool) -> None:
    if gone:
        assert sweeper._unless_gone(lambda: refuse(code, message)) is None
    else:
        with pytest.raises(ClientError, match=code):
            sweeper._unless_gone(lambda: refuse(code, message))
