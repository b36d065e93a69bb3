"""How a job ends, and what it leaves for its owner to read."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests import changed
from training import job
from training.job import JobError
from workloads import folder

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


def test_of_many_problems_the_first_are_kept_whole(base: Path) -> None:
    lines = [f"problem {number} " + "x" * 300 for number in range(5)]
    assert failing(JobError("\n".join(lines))) == 1
    assert (base / REASON).read_text(encoding="utf-8") == "\n".join([*lines[:3], "2 more, in the job's log."])


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


@pytest.mark.parametrize("place", ["processing/input/workload", "input/data/workload"])
def test_the_workload_is_the_mounted_one_and_its_modules_are_in_use(
    base: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    contents = folder.files(changed.flights(base / place, own__py=f"PLACE = {place!r}\n").folder)
    monkeypatch.setenv("HEADRACE_WORKLOAD_DIGEST", folder.digest(contents))
    found = job.workload()
    assert (found.name, found.folder) == ("flights", base / place)
    assert place == importlib.import_module("workload.own").PLACE


def test_a_workload_that_was_changed_after_its_upload_is_not_read(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = changed.flights(base / "processing/input/workload").folder
    monkeypatch.setenv("HEADRACE_WORKLOAD_DIGEST", folder.digest(folder.files(mounted)))
    (mounted / "more.py").write_text("")
    with pytest.raises(JobError, match="deploy again and start a new execution"):
        job.workload()


def test_a_job_without_a_workload_says_where_it_looked(base: Path) -> None:
    with pytest.raises(JobError, match=r"must be in .*/processing/input/workload or .*/input/data/workload"):
        job.workload()
