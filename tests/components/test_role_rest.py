"""A role that rests before a service gets it that looks at it once."""

from __future__ import annotations

import time

import pytest

from components import role_rest
from components.role_rest import RoleRestProvider
from sandbox.cloud.weather import propagation

ONE, OTHER = ({"role_arn": f"arn:aws:iam::000000000000:role/{name}"} for name in ("one", "other"))


def test_a_new_role_rests_and_a_known_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert RoleRestProvider().create(ONE).outs == ONE
    assert pauses == [role_rest.SECONDS]
    assert RoleRestProvider().diff("id", ONE, ONE).changes is False
    assert RoleRestProvider().diff("id", ONE, OTHER).replaces == ["role_arn"]


def test_the_rest_is_longer_than_bad_weather_keeps_rights_back() -> None:
    assert role_rest.SECONDS > propagation.SECONDS
