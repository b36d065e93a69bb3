"""What a report says, and what it finds wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from status import report
from status.packages import Package
from status.report import Report
from status.runs import Evaluation, Failure, Run
from status.serving import Serving
from tests.status.told import stubbed

ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/flights/3"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MODEL, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ENTRY = {
    "outcome": "released",
    "package": ARN,
    "model_digest": MODEL,
    "workload_digest": OTHER,
    "finished_at": "2026-11-25T12:05:00.000Z",
    "requested_by": "",
    "error": "",
    "cause": "",
}


def run(status: str = "Succeeded", **more: Any) -> Run:
    """Return a run of a minute."""
    given: dict[str, Any] = {"failures": (), "reason": "", "evaluation": None, **more}
    return Run("execution/abc", status, NOON, NOON.replace(minute=1), **given)


def package(status: str = "Approved") -> Package:
    """Return package 3."""
    return Package(ARN, status, {"model_digest": MODEL, "workload_digest": OTHER}, NOON)


def serving(status: str = "InService", digest: str = MODEL, reason: str = "") -> Serving:
    """Return what the endpoint answers with."""
    return Serving(status, reason, digest, NOON)


def good(**changed: Any) -> Report:
    """Return a report with nothing wrong, but for what is changed."""
    given: dict[str, Any] = {"run": run(), "package": package(), "entries": [ENTRY], "serving": serving(), **changed}
    return Report(stubbed(), **given)


def test_a_workload_that_stands_well_is_told_in_a_few_lines() -> None:
    evaluation = Evaluation(
        True, "every gate passed", {"roc_auc": 0.77423, "brier_score": 0.1352, "max_error": 6.05256e14}
    )
    assert list(report.lines(good(run=run(evaluation=evaluation)))) == [
        ("run", "abc Succeeded, started 2026-11-25 12:00 UTC, after 60 s"),
        ("gates", "every gate passed"),
        ("", "brier_score 0.1352, max_error 6.053e+14, roc_auc 0.7742"),
        (
            "package",
            "3 Approved, registered 2026-11-25 12:00 UTC, model sha256:aaaaaaaaaaaa…, workload sha256:bbbbbbbbbbbb…",
        ),
        ("release", "released 2026-11-25 12:05 UTC, package 3"),
        (
            "serves",
            "model sha256:aaaaaaaaaaaa…, workload sha256:bbbbbbbbbbbb…, since 2026-11-25 12:05 UTC, InService",
        ),
    ]


def test_before_the_first_run_nothing_is_wrong() -> None:
    found = good(run=None, package=None, entries=[], serving=Serving("InService", "", "bootstrap", NOON))
    assert list(report.lines(found)) == [
        ("run", "none yet"),
        ("package", "none yet"),
        ("release", "none yet"),
        ("serves", "model bootstrap, since 2026-11-25 12:00 UTC, InService"),
    ]


def test_a_failed_run_shows_reason_and_log() -> None:
    failure = Failure("check", "weekday is wrong", "processing-job/one", "/aws/sagemaker/ProcessingJobs", "one/algo-1")
    told = list(report.lines(good(run=run("Failed", failures=(failure,)))))
    assert told[:3] == [
        ("run", "abc Failed, started 2026-11-25 12:00 UTC, after 60 s"),
        ("", "check: weekday is wrong"),
        ("", "log of processing-job/one: /aws/sagemaker/ProcessingJobs one/algo-1"),
    ]
    assert told[-1][0] == "wrong"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, None),
        ({"run": run("Executing")}, None),
        ({"run": run("Failed", reason="no such thing")}, "The last run ended Failed."),
        ({"package": package("PendingManualApproval"), "entries": [{**ENTRY, "package": "1"}]}, "waits for approval"),
        ({"entries": [{**ENTRY, "package": "model-package/flights/2"}]}, "Package 3 is approved and not released."),
        # gone back by hand: what was released once and is no longer is somebody's wish
        ({"entries": [{**ENTRY, "package": "model-package/flights/2"}, {**ENTRY, "model_digest": OTHER}]}, None),
        (
            {"entries": [{**ENTRY, "outcome": "rolled_back", "error": "E", "cause": "sick."}, ENTRY]},
            "The last release was rolled_back: E: sick. The endpoint answers as before.",
        ),
        ({"serving": serving("Failed", reason="no room")}, "The endpoint flights is Failed. no room"),
        (
            {"serving": serving(digest=OTHER)},
            "The endpoint answers with sha256:bbbbbbbbbbbb…, and the ledger says sha256:aaaaaaaaaaaa….",
        ),
        ({"entries": []}, "Package 3 is approved and not released."),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(changed: dict[str, Any], wrong: str | None) -> None:
    problems = list(report.problems(good(**changed)))
    if wrong is None:
        assert problems == []
    else:
        assert any(wrong in problem for problem in problems), problems
