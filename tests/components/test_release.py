"""The release machine, run by the local cloud against endpoints that are real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.endpoints.local import own_settings
from tests.components.release_local import ENDPOINT, Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One local cloud for all tests here; each registers packages of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("release")
        made = Platform(own_settings(folder, monkeypatch))
        try:
            made.start()
            made.prepare(folder)
            yield made
        finally:
            made.stop()


def test_nothing_approved_is_nothing_to_do(platform: Platform) -> None:
    ended = platform.run_release()
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "nothing_to_do"), ended
    assert platform.endpoint()["EndpointConfigName"] == "bootstrap"
    assert platform.entries() == []
    assert platform.lease_holder() is None


def test_releases_the_newest_approved_package_and_says_so_in_the_ledger(platform: Platform) -> None:
    package = platform.register("first")
    ended = platform.run_release(reason="first model", requested_by="a test")
    assert (ended.status, ended.output.get("outcome")) == ("SUCCEEDED", "released"), ended
    assert platform.answer() == "first"
    entry = platform.entries()[-1]
    assert entry["package"] == package
    assert entry["outcome"] == "released"
    assert entry["endpoint_config"] == platform.endpoint()["EndpointConfigName"]
    assert entry["previous_config"] == "bootstrap"
    assert entry["endpoint"] == ENDPOINT
    assert platform.lease_holder() is None
