"""What looks ahead ends the prepare job itself, and the reason says what and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.training.proof.test_later import LEAKS, changed
from tests.training.steps import MONTH, Cloud

TOGETHER = (
    "a window with a row that follows",
    "the next observation",
    "how long a flight that waits will wait",
    "a count of all rows",
    "what is known with the answer",
    "an answer that is said to be known earlier than it is",
)
"""Leaks that one SQL can have at once."""


def test_every_leak_is_told_by_the_job_and_the_largest_by_its_reason(cloud: Cloud, tmp_path: Path) -> None:
    leaking = changed(tmp_path, *(LEAKS[leak][0] for leak in TOGETHER))
    job = replace(cloud.chain, folder=tmp_path / "jobs", workload=leaking).processing("prepare", *MONTH)
    assert job.code == 1
    for leak in TOGETHER:
        assert f": {LEAKS[leak][1]} must be the same when later rows are taken away" in job.log, leak
    assert len(job.reason) <= 1024
    first, *_, last = job.reason.split("\n")
    assert first.startswith("features.sql:")
    assert "examples.distance must be the same when later rows are taken away" in first
    assert last.endswith(" more, in the job's log.")
    assert not job.output("training", "training.parquet").exists()
