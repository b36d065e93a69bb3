"""A definition is written once for the same workload, code, settings and SDK."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from stacks import definitions
from training.pipeline_settings import PipelineSettings
from workloads.spec import Workload, named

SETTINGS = PipelineSettings(
    name="p",
    region="eu-west-1",
    image_uri="images@sha256:1",
    code_digest="1",
    workload_uri="s3://artifacts/workloads/flights/2/",
    workload_digest="2",
    features_role_arn="features",
    training_role_arn="training",
    scoring_role_arn="scoring",
    evaluating_role_arn="evaluating",
    registering_role_arn="registering",
    raw_bucket="raw",
    curated_bucket="curated",
    artifacts_bucket="artifacts",
    model_package_group_name="group",
    mlflow_tracking_server_arn="server",
    feature_groups={"origin": "group-origin"},
    data_key_arn="key",
)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[PipelineSettings[str]]:
    """Every definition that the SDK was asked for, with a cache of the test's own."""
    asked: list[PipelineSettings[str]] = []

    def write(_: Workload, settings: PipelineSettings[str]) -> str:
        asked.append(settings)
        return f"definition {settings.code_digest}"

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(definitions, "definition", write)
    return asked


def define(settings: PipelineSettings[str]) -> str:
    return asyncio.run(definitions.pipeline_definition(named("flights"), settings))


def test_the_same_arguments_are_written_once(written: list[PipelineSettings[str]]) -> None:
    assert define(SETTINGS) == define(SETTINGS) == "definition 1"
    assert written == [SETTINGS]


def test_other_code_is_written_anew(written: list[PipelineSettings[str]]) -> None:
    other = dataclasses.replace(SETTINGS, code_digest="2")
    assert [define(SETTINGS), define(other)] == ["definition 1", "definition 2"]
    assert written == [SETTINGS, other]


def test_another_sdk_writes_anew(written: list[PipelineSettings[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    define(SETTINGS)
    monkeypatch.setattr(definitions, "version", lambda name: "0")
    define(SETTINGS)
    assert written == [SETTINGS, SETTINGS]


def test_a_cache_that_cannot_be_used_is_no_error(
    written: list[PipelineSettings[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert define(SETTINGS) == define(SETTINGS) == "definition 1"
    assert written == [SETTINGS, SETTINGS]
