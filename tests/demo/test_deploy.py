"""What the story makes of the engine's events, and that a failed update says why."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi import automation
from pulumi.automation import EngineEvent, OpType
from pulumi.automation.events import (
    DiagnosticEvent,
    PolicyEvent,
    ResourcePreEvent,
    ResOutputsEvent,
    StepEventMetadata,
    SummaryEvent,
)

from demo import deploy
from demo.console import StoryError
from machine.cli import PulumiError
from stacks import interrupted

URN = "urn:pulumi:local::headrace::headrace:data:DataLake$aws:s3/bucket:Bucket::lake-raw-bucket"


def event(**what: Any) -> EngineEvent:
    """Return an event of the engine."""
    return EngineEvent(sequence=1, timestamp=1, **what)


def step(operation: OpType, diffs: list[str] | None = None) -> StepEventMetadata:
    """Return what is said of a resource's step."""
    return StepEventMetadata(
        op=operation, urn=URN, type="aws:s3/bucket:Bucket", provider="", old=None, new=None, keys=None, diffs=diffs
    )


def fails(stderr: str) -> automation.CommandError:
    """Return what the automation API raises where a command fails."""
    return automation.CommandError(SimpleNamespace(stdout="", stderr=stderr, code=255))  # type: ignore[arg-type]


class Stack:
    """A stack whose commands tell some events and end well or badly."""

    def __init__(self, events: list[EngineEvent], error: Exception | None = None) -> None:
        self.events, self.error = events, error

    def up(self, *, on_output: Any, on_event: Any, **_: Any) -> Any:
        """Tell the events, and end."""
        on_output("Updating (local):\n")
        for each in self.events:
            on_event(each)
        if self.error:
            raise self.error
        return SimpleNamespace(outputs={"region": SimpleNamespace(value="us-east-1")})

    preview = up


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the automation API find a stack."""
    monkeypatch.setattr(interrupted, "take_over", lambda _: {})

    def find(stack: Stack) -> None:
        monkeypatch.setattr(automation, "create_or_select_stack", lambda *_, **__: stack)
        monkeypatch.setattr(automation, "select_stack", lambda *_, **__: stack)

    return find


def test_resources_are_counted_by_what_happened_to_them(told: Any, tmp_path: Path) -> None:
    changes = {OpType.CREATE: 2, OpType.SAME: 5, OpType.CREATE_REPLACEMENT: 1}
    summary = SummaryEvent(maybe_corrupt=False, duration_seconds=1, resource_changes=changes, policy_packs={})
    ready: list[str] = []
    told(Stack([event(res_outputs_event=ResOutputsEvent(metadata=step(OpType.CREATE))), event(summary_event=summary)]))
    counts, outputs = deploy.up("local", tmp_path / "logs" / "up.log", ready.append)
    assert counts == {"created": 2, "unchanged": 5}
    assert outputs == {"region": "us-east-1"}
    assert ready == ["aws:s3/bucket:Bucket lake-raw-bucket"]
    assert (tmp_path / "logs" / "up.log").read_text() == "Updating (local):\n"


def test_a_failed_update_says_what_the_engine_and_the_policies_said(told: Any, tmp_path: Path) -> None:
    diagnostic = DiagnosticEvent(
        message="<{%reset%}>no room for one more<{%reset%}>\n", color="never", severity="error", urn=URN
    )
    warning = DiagnosticEvent(message="not so bad", color="never", severity="warning")
    policy = PolicyEvent(
        message="must have a customer key", color="never", policy_name="customer-key", policy_pack_name="headrace",
        policy_pack_version="1", policy_pack_version_tag="1", enforcement_level="mandatory", resource_urn=URN,
    )  # fmt: skip
    events = [event(diagnostic_event=warning), event(diagnostic_event=diagnostic), event(policy_event=policy)]
    told(Stack(events, fails("update failed")))
    with pytest.raises(StoryError) as error:
        deploy.up("local", tmp_path / "up.log", lambda _: None)
    assert str(error.value).splitlines() == [
        "`pulumi up` failed. Mend what it says and run the same command again.",
        "aws:s3/bucket:Bucket lake-raw-bucket: no room for one more",
        "aws:s3/bucket:Bucket lake-raw-bucket: customer-key: must have a customer key",
        f"All that it printed: {tmp_path / 'up.log'}",
    ]


def test_a_preview_that_would_change_something_says_what(told: Any, tmp_path: Path) -> None:
    events = [
        event(resource_pre_event=ResourcePreEvent(metadata=step(OpType.SAME))),
        event(resource_pre_event=ResourcePreEvent(metadata=step(OpType.UPDATE, ["tags", "bucket"]))),
    ]
    told(Stack(events, fails("no changes were expected")))
    with pytest.raises(StoryError, match="update aws:s3/bucket:Bucket lake-raw-bucket tags, bucket"):
        deploy.nothing_to_change("local", tmp_path / "preview.log")


@pytest.mark.parametrize("error", [PulumiError("pulumi stack export", "no backend"), TimeoutError("no backend yet")])
def test_an_interrupted_update_that_cannot_be_taken_over_is_told(
    told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_: str) -> dict[str, str]:
        raise error

    told(Stack([]))
    monkeypatch.setattr(interrupted, "take_over", refuse)
    with pytest.raises(StoryError, match="no backend"):
        deploy.up("local", tmp_path / "up.log", lambda _: None)
