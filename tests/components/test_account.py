"""Code of ours that calls AWS itself works in the account that the stack was planned for, or not at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from components.account import WrongAccountError, client_for, session_for

MINE, OTHER = "111122223333", "444455556666"


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every session that is opened; its credentials belong to `MINE`."""
    opened: list[Any] = []

    def session(region_name: str, **_: Any) -> Any:
        identity = SimpleNamespace(get_caller_identity=lambda: {"Account": MINE})
        opened.append(
            SimpleNamespace(region_name=region_name, client=lambda service: identity if service == "sts" else object())
        )
        return opened[-1]

    monkeypatch.setattr(boto3, "Session", session)
    return opened


def test_the_session_is_of_the_region_once_the_account_is_the_right_one(sessions: list[Any]) -> None:
    assert session_for(MINE, "eu-west-1") is sessions[0]
    assert sessions[0].region_name == "eu-west-1"


@pytest.mark.usefixtures("sessions")
def test_another_account_is_refused_by_name() -> None:
    with pytest.raises(WrongAccountError, match=f"must belong to account {OTHER}, got account {MINE}. Sign in"):
        session_for(OTHER, "eu-west-1")


def test_a_process_asks_who_it_is_once_and_again_when_it_is_told_of_another_aws(
    sessions: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for(MINE, "eu-west-1", "sagemaker")
    assert client_for(MINE, "eu-west-1", "sagemaker") is client
    assert len(sessions) == 1
    monkeypatch.setenv("AWS_PROFILE", "another")
    assert client_for(MINE, "eu-west-1", "sagemaker") is not client
    with pytest.raises(WrongAccountError):
        client_for(OTHER, "eu-west-1", "sagemaker")
