"""Instances that are not to be had, and the quota of builds that a new account has."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sandbox.cloud.actions import AwsError
from sandbox.cloud.weather import capacity, sky


@pytest.fixture
def weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Bad weather in this process."""
    monkeypatch.setenv("HEADRACE_WEATHER", "bad")
    monkeypatch.setenv("HEADRACE_STATE", str(tmp_path))
    return monkeypatch


def test_some_jobs_get_no_instances(weather: pytest.MonkeyPatch) -> None:
    reasons = [capacity.job_instances("Training Job") for _ in range(50)]
    refused = [reason for reason in reasons if reason]
    assert 0 < len(refused) < 25
    assert all(reason.startswith("CapacityError: ") for reason in refused)
    weather.delenv("HEADRACE_WEATHER")
    assert not any(capacity.job_instances("Training Job") for _ in range(50))


def test_a_new_account_builds_when_its_quota_is_raised(weather: pytest.MonkeyPatch) -> None:
    new = 0
    for seed in range(1, 31):
        weather.setenv("HEADRACE_WEATHER_SEED", str(seed))
        at = sky.current()
        assert at is not None
        try:
            capacity.hold_build_quota(at)
        except AwsError as error:
            new += 1
            assert error.code == "AccountLimitExceededException"
            later = time.monotonic() + capacity._QUOTA_RAISED
            with weather.context() as patch:
                patch.setattr(time, "monotonic", lambda later=later: later + 1)
                capacity.hold_build_quota(at)
    assert 3 < new < 20


def test_a_new_configuration_may_be_unknown_for_a_moment(weather: pytest.MonkeyPatch) -> None:
    at = sky.current()
    assert at is not None

    def known() -> bool:
        try:
            capacity.hold_configuration(at, "new")
        except AwsError as error:
            assert "Could not find endpoint configuration" in error.message
            return False
        return True

    capacity.configured("new")
    assert {known() for _ in range(20)} == {True, False}
    later = time.monotonic() + capacity._UNKNOWN_SECONDS
    weather.setattr(time, "monotonic", lambda: later)
    assert {known() for _ in range(20)} == {True}
