"""CodeBuild and ECR may need a moment to show what was just started and pushed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from components.image import build


class Services:
    """A session whose services give their answers in turn, the last one for ever."""

    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers
        self.asked = 0

    def client(self, _: str) -> Services:
        """Return the only client that there is."""
        return self

    def _next(self, **_: Any) -> Any:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]

    batch_get_builds = batch_get_image = _next


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_a_build_that_is_not_shown_yet_is_waited_for() -> None:
    none = {"builds": [], "buildsNotFound": ["build:1"]}
    session: Any = Services([none, none, {"builds": [{"id": "build:1", "buildStatus": "SUCCEEDED"}]}])
    assert build._wait(session, "build:1")["buildStatus"] == "SUCCEEDED"
    assert session.asked == 3


def test_a_build_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    session: Any = Services([{"builds": [{"id": "build:1", "buildStatus": "IN_PROGRESS"}]}])
    stopped: list[str] = []
    session.stop_build = lambda **asked: stopped.append(asked["id"])
    hours = iter(range(0, 100_000, 1800))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(hours)))
    with pytest.raises(build.ImageBuildError, match="must end within an hour, and did not"):
        build._wait(session, "build:1")
    assert stopped == ["build:1"]


@pytest.mark.parametrize(("status", "digest", "looks"), [("SUCCEEDED", "sha256:1", 3), ("FAILED", None, 1)])
def test_an_image_that_is_not_shown_yet_is_looked_for_again(status: str, digest: str | None, looks: int) -> None:
    session: Any = Services([{"images": []}, {"images": []}, {"images": [{"imageId": {"imageDigest": "sha256:1"}}]}])
    assert build._shown(session, "images", "tag", {"buildStatus": status}) == digest
    assert session.asked == looks


def test_a_build_that_pushed_nothing_is_not_looked_for_for_ever() -> None:
    session: Any = Services([{"images": []}])
    assert build._shown(session, "images", "tag", {"buildStatus": "SUCCEEDED"}) is None
    assert session.asked == build._LOOKS
