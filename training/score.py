"""Processing job in network isolation: ask a model about the hold-out's features, and write its answers.

Loading a model runs whatever its maker put there. So this is, beside training, the only job that does, and it has
nothing to gain by: no credentials, no network, no labels. Nothing that it writes is believed but numbers, and those are
checked by whoever reads them (`training.evaluate`).

The model runs in a process of its own, so that one that crashes or hangs leaves a reason behind.
"""

from __future__ import annotations

import argparse
import csv
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inference import artifact
from training import job
from training.job import JobError
from workloads.spec import Workload

FILE = "answers.csv"
RECORD = "record_id"
"""The first column; the others are the numbers of an answer: see `inference.answers`."""
REPORT = "scored.json"
ARCHIVE = "model.tar.gz"
_LIMIT = 45 * 60  # seconds for all the answers; the job itself has an hour
_MESSAGE = "output/message"


def main(arguments: Sequence[str] | None = None) -> None:
    """Score the model in ``input/model``; with ``--champion`` one that cannot be scored is reported, not fatal."""
    parser = argparse.ArgumentParser(prog="training.score")
    parser.add_argument("--champion", action="store_true")
    champion = parser.parse_args(arguments).champion
    archive = job.processing("input", "model", ARCHIVE)
    if champion and not archive.is_file():
        job.say("There is no champion to score")
        _report({})
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            artifact.unpack(archive.read_bytes(), Path(folder))
            digest = artifact.verify(Path(folder))
            reason = _run(Path(folder))
        except artifact.ArtifactError as error:
            digest, reason = None, str(error)
    if reason is None:
        job.say(f"Scored {digest}")
    elif champion:
        job.say(f"The champion cannot be scored: {reason}")
        job.output("scores", FILE).unlink(missing_ok=True)
    else:
        raise JobError(reason)
    _report({"model_digest": digest} if reason is None else {"reason": reason})


def _report(content: dict[str, str | None]) -> None:
    job.output("scores", REPORT).write_text(json.dumps(content) + "\n", encoding="utf-8")


def _run(folder: Path) -> str | None:
    """Let the model answer in a process of its own; return why it could not, or None."""
    command = [sys.executable, "-c", "from training import score; score.answer_main()", str(folder)]
    try:
        code = subprocess.run(command, timeout=_LIMIT, check=False).returncode
    except subprocess.TimeoutExpired:
        return f"the model did not answer within {_LIMIT} seconds"
    said = job.base() / _MESSAGE
    reason = said.read_text(encoding="utf-8", errors="replace") if said.is_file() else ""
    said.unlink(missing_ok=True)
    if code == 0:
        return None
    ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return reason or f"the model's process ended with {ended}"


def answer_main() -> None:
    """Entry point of the model's own process; the argument is the folder that its archive was unpacked to."""
    job.leave(job.run(lambda: _answer(Path(sys.argv[1])), _MESSAGE))


def _answer(folder: Path) -> None:
    """Load the model and write its answer for each row of the hold-out."""
    from inference import plan  # noqa: PLC0415 - what answers takes seconds to import
    from inference.answers import AnswerForm  # noqa: PLC0415
    from training import dataset  # noqa: PLC0415

    workload = job.workload()
    rows = dataset.read(job.processing("input", dataset.HOLDOUT), dataset.HOLDOUT).to_pandas()
    model = plan.model_fn(folder)
    if lacking := _lacking(model.workload, workload):
        raise JobError(f"The model cannot be asked about this hold-out, which {'; '.join(lacking)}.")
    wanted, found = AnswerForm.of(workload), model.plan.answer
    if not wanted.takes(found):
        raise JobError(f"The model answers {found}, and the workload asks for {wanted}.")
    answers = wanted.converted(model.answers(dataset.columns(model.workload, rows)), found)
    with job.output("scores", FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((RECORD, *wanted.columns))
        # csv writes a float as repr does, which keeps every bit
        writer.writerows(
            (record, *answer)
            for record, answer in zip(rows[workload.examples.record_id], answers.tolist(), strict=True)
        )


def _lacking(asked: Workload, given: Workload) -> list[str]:
    """Say what a hold-out lacks that a model of another contract needs, a champion's for example.

    Parameters
    ----------
    asked, given : Workload
        The model's own, and the one that the hold-out was made with.
    """
    found = []
    if asked.label.name != given.label.name:
        found.append(f"asks for {given.label.name}, not {asked.label.name}")
    for name, feature in asked.features.items():
        has = given.features.get(name)
        if has is None:
            found.append(f"lacks {name}")
        elif has.type != feature.type:
            found.append(f"has {name} as {has.type}, not {feature.type}")
    return found


if __name__ == "__main__":
    job.processing_main(main)
