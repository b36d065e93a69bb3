"""How a job ends, and what it leaves for its owner to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import job
from training.job import JobError

REASON = "output/message"


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a job finds itself in."""
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    return tmp_path


def failing(error: Exception) -> int:
    """Run a job that raises."""

    def work() -> None:
        raise error

    return job.run(work, REASON)


def test_a_job_that_is_done_leaves_no_reason(base: Path) -> None:
    assert job.run(lambda: None, REASON) == 0
    assert not (base / REASON).exists()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (JobError("`rows` must be more"), "`rows` must be more"),
        (ValueError("`rows` must be a number"), "`rows` must be a number"),
        (ValueError(""), "ValueError: "),
        (KeyError("rows"), "KeyError: 'rows'"),
    ],
)
def test_a_job_that_fails_says_why(base: Path, error: Exception, reason: str) -> None:
    assert failing(error) == 1
    assert (base / REASON).read_text(encoding="utf-8") == reason


def test_a_reason_is_as_long_as_sagemaker_keeps(base: Path) -> None:
    assert failing(JobError("x" * 2000)) == 1
    assert (base / REASON).read_text(encoding="utf-8") == "x" * 1024


def test_the_exit_code_is_the_process_s(base: Path) -> None:
    with pytest.raises(SystemExit) as left:
        job.processing_main(lambda: None)
    assert left.value.code == 0


@pytest.mark.parametrize("value", [None, ""])
def test_a_setting_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("SOME_SETTING", raising=False)
    if value is not None:
        monkeypatch.setenv("SOME_SETTING", value)
    with pytest.raises(JobError, match="SOME_SETTING must be set in the job's environment"):
        job.setting("SOME_SETTING")


def test_an_output_s_folder_is_there(base: Path) -> None:
    assert job.output("a", "b.json") == base / "processing/output/a/b.json"
    assert (base / "processing/output/a").is_dir()
