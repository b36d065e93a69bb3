"""A place comes from the credentials, and says plainly when they are the wrong ones."""

from __future__ import annotations

import pulumi
import pytest
from pulumi.runtime import mocks

from tests.components import recording
from tests.components.parts import options


def test_arns_are_those_of_the_credentials_account() -> None:
    told: list[str] = []

    def program() -> None:
        place, _ = options()
        pulumi.Output.all(place.arn("sagemaker", "endpoint/x"), place.root_arn()).apply(told.extend)

    recording.record(program)
    assert told == [
        f"arn:aws:sagemaker:{recording.REGION}:{recording.ACCOUNT}:endpoint/x",
        f"arn:aws:iam::{recording.ACCOUNT}:root",
    ]


def test_an_account_that_is_not_allowed_is_said_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: mocks.Mocks, __: mocks.MockCallArgs) -> tuple[dict[str, str], list[tuple[str, str]]]:
        return {}, [("", "invocation of getCallerIdentity returned an error: AWS account ID not allowed: 1:")]

    monkeypatch.setattr(recording._Answers, "call", refuse)
    with pytest.raises(pulumi.RunError, match=r"says: AWS account ID not allowed: 1.*Set other credentials"):
        recording.record(lambda: options()[0].account_id)
