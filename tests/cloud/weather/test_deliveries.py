"""Events are lost, doubled and late, the same for the same seed; rules take a while to be in force."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.cloud.weather import deliveries

Delays = Callable[[str], list[list[float]]]


@pytest.fixture
def delays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Delays:
    """``delays(seed)`` tells what becomes of a hundred events; each call begins anew."""
    monkeypatch.setenv("HEADRACE_WEATHER", "bad")

    def of(seed: str) -> list[list[float]]:
        monkeypatch.setenv("HEADRACE_WEATHER_SEED", seed)
        monkeypatch.setenv("HEADRACE_STATE", str(tmp_path / f"{seed}-{time.monotonic_ns()}"))
        return [deliveries.delays("rule", "Something Happened") for _ in range(100)]

    return of


def test_events_are_lost_doubled_and_late(delays: Delays) -> None:
    found = delays("1")
    assert {len(times) for times in found} == {0, 1, 2}
    assert any(seconds > 0 for times in found for seconds in times)
    assert found.count([0.0]) > 20


def test_a_seed_can_be_repeated(delays: Delays) -> None:
    assert delays("1") == delays("1")
    assert delays("1") != delays("2")


def test_in_fair_weather_each_comes_once_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_WEATHER", raising=False)
    assert all(deliveries.delays("rule", "Something Happened") == [0.0] for _ in range(100))


def test_a_rule_is_not_yet_in_force_when_it_was_just_made(delays: Delays) -> None:
    deliveries.rule_changed("new")
    delays("3")
    assert all(deliveries.delays("new", "Something Happened") == [] for _ in range(20))
