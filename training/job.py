"""What every job does: find its folders, say what it does, and fail with a reason that SageMaker shows."""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from agreements import variables
from workloads import folder, spec
from workloads.spec import Workload

WORKLOAD = "workload"
"""The processing input, or the training channel, that holds the workload's files."""
_LONGEST_REASON = 1024  # what SageMaker keeps of it


class JobError(Exception):
    """A job cannot go on; the text is the reason that its owner reads."""


def base() -> Path:
    """Return SAGEMAKER_BASE_DIR, by default /opt/ml."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def processing(*parts: str) -> Path:
    """Return a path under the processing folder of the job."""
    return base().joinpath("processing", *parts)


def output(*parts: str) -> Path:
    """Return a path under ``processing/output``, whose parent exists."""
    path = processing("output", *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def setting(name: str) -> str:
    """Read an environment variable that the pipeline sets.

    Raises
    ------
    JobError
        If it is not set.
    """
    value = os.environ.get(name)
    if not value:
        raise JobError(f"{name} must be set in the job's environment; training.pipeline sets it.")
    return value


def workload() -> Workload:
    """Load the workload that is mounted, and let ``workload.<module>`` mean its modules.

    Raises
    ------
    JobError
        If it is not the one that the pipeline was deployed with.
    """
    places = (processing("input", WORKLOAD), base() / "input" / "data" / WORKLOAD)
    mounted = next((place for place in places if place.is_dir()), None)
    if mounted is None:
        raise JobError(f"The workload's files must be in {places[0]} or {places[1]}; training.pipeline mounts them.")
    wanted, found = setting(variables.WORKLOAD_DIGEST), folder.digest(folder.files(mounted))
    if found != wanted:
        raise JobError(
            f"The workload in {mounted} must have the digest {wanted}, with which the pipeline was deployed, and has "
            f"{found}. Its files were changed after they were uploaded: find out by whom, deploy again and start a new "
            "execution."
        )
    folder.use(mounted)
    return spec.load(mounted / folder.FILE, run_sql=False)


def say(message: str) -> None:
    """Write a progress line to the job's log."""
    print(message, flush=True)


def run(work: Callable[[], None], reason_file: str) -> int:
    """Do a job's work, and write why it failed where SageMaker looks for it.

    Parameters
    ----------
    work : callable
        Raises on failure.
    reason_file : str
        Path under the base folder: ``output/failure`` in training, ``output/message`` in processing.

    Returns
    -------
    int
        The exit code.
    """
    began = time.monotonic()
    try:
        work()
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        expected = isinstance(error, JobError | ValueError)
        reason = str(error) if expected and str(error) else f"{type(error).__name__}: {error}"
        path = base() / reason_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_shortened(reason), encoding="utf-8")
        say(f"Failed after {time.monotonic() - began:.1f} s: {reason}")
        return 1
    say(f"Done in {time.monotonic() - began:.1f} s")
    return 0


def _shortened(reason: str) -> str:
    """Keep as many whole lines as SageMaker keeps, and say how many are in the log alone."""
    lines = reason.split("\n")
    for kept in range(len(lines), 0, -1):
        left = len(lines) - kept
        text = "\n".join([*lines[:kept], *([f"{left} more, in the job's log."] if left else [])])
        if len(text) <= _LONGEST_REASON:
            return text
    return reason[:_LONGEST_REASON]


def leave(code: int) -> NoReturn:
    """Leave the process, without looking over a million objects of libraries that go with it."""
    gc.freeze()
    sys.exit(code)


def processing_main(work: Callable[[], None]) -> NoReturn:
    """Run a processing job and leave the process."""
    leave(run(work, "output/message"))
