"""Processing job: measure the model and the champion by what they answered on the hold-out, and apply the gates.

Who judges runs nobody's code: models were scored elsewhere (`training.score`), and what comes from there is numbers.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference import artifact
from inference.answers import AnswerForm, Answers
from training import approved, dataset, job, labels, score, storage, tracking
from training.job import JobError
from training.labels import Labels
from training.metrics import Metrics, measure
from workloads.metrics import METRICS
from workloads.spec import Workload

FILE = "evaluation.json"
_LONGEST_NUMBER = 32  # characters of a float, its separators and quotes
_LONGEST_TEXT = 500  # characters


def broken_gates(workload: Workload, metrics: Metrics, champion: Metrics | None) -> list[str]:
    """Say which gates a model does not pass.

    Parameters
    ----------
    workload : Workload
        Which declares the gates.
    metrics, champion : dict of str to float
        Of the model and of the newest approved one, None where there is none to compare with.
    """
    broken = []
    for name, bound in workload.gates.metrics.items():
        value = metrics[name]
        if bound.minimum is not None and not value >= bound.minimum:  # nor is NaN
            broken.append(f"{name} must be at least {bound.minimum:g}, got {value:.4f}")
        if bound.maximum is not None and not value <= bound.maximum:
            broken.append(f"{name} must be at most {bound.maximum:g}, got {value:.4f}")
    gate = workload.gates.champion
    if gate is not None and champion is not None:
        gain = METRICS[gate.metric].gain(metrics[gate.metric], champion[gate.metric])
        if not gain >= gate.margin:
            broken.append(
                f"{gate.metric} must be better than the champion's {champion[gate.metric]:.4f} by at least "
                f"{gate.margin:g}, got {metrics[gate.metric]:.4f}"
            )
    return broken


def read_answers(workload: Workload, file: Path, records: Sequence[str]) -> Answers:
    """Read the numbers that a scoring job wrote, and take nothing for granted: a model's code ran beside them.

    Parameters
    ----------
    workload : Workload
        Whose label says what an answer is.
    file : Path
        A CSV file of identifiers and answers: see `inference.answers`.
    records : sequence of str
        The hold-out's identifiers, in the order in which they must come.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
        Answers: finite, in range, probabilities that sum to 1, quantiles that grow.

    Raises
    ------
    JobError
        With the first rule that the file breaks.
    """
    form = AnswerForm.of(workload)
    header = [score.RECORD, *form.columns]
    if not file.is_file():
        raise JobError(f"The scores must be in {file.name}; the scoring job wrote none.")
    row_size = _LONGEST_NUMBER * len(form.columns)
    most = 2 * len(",".join(header).encode()) + sum(2 * len(record.encode()) + row_size for record in records)
    if file.stat().st_size > most:
        raise JobError(f"{file.name} must have at most {most} bytes, got {file.stat().st_size}.")
    found = np.empty((len(records), len(form.columns)))
    count = 0
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            if next(rows, None) != header:
                raise JobError(f"{file.name} must begin with the line {','.join(header)}.")
            for count, (record, *numbers) in enumerate(rows, start=1):
                if count > len(records) or record != records[count - 1]:
                    raise JobError(
                        f"{file.name} must have the hold-out's {len(records)} rows in their order; row {count} is of "
                        f"{record[:80]!r}."
                    )
                if len(numbers) != len(form.columns):
                    raise ValueError(f"{len(numbers)} numbers instead of {len(form.columns)}")
                found[count - 1] = [float(number) for number in numbers]
    except (ValueError, csv.Error) as error:
        at = f"{file.name}, line {rows.line_num},"
        raise JobError(f"{at} must be a row of a table of identifiers and numbers: {error}.") from error
    if count != len(records):
        raise JobError(f"{file.name} must have the hold-out's {len(records)} rows, got {count}.")
    return accepted(workload, found, records)


def accepted(workload: Workload, answers: Answers, records: Sequence[str]) -> Answers:
    """Return answers as they are measured.

    Raises
    ------
    JobError
        With the first rule that one breaks: see `inference.answers`.
    """
    form = AnswerForm.of(workload)
    if broken := form.broken(answers):
        raise JobError(f"{broken[1]} for {records[broken[0]][:80]!r}.")
    # they sum to 1 within the tolerance; metrics want it exact
    return answers / answers.sum(axis=1, keepdims=True) if form.categories else answers


def model_answers(workload: Workload, scores: Path, digest: str, records: Sequence[str]) -> Answers:
    """Read the scores of the model of a digest; see `read_answers`.

    Raises
    ------
    JobError
        If the scores are said to be another model's: a mix-up, for whoever lies would say the right one.
    """
    if (said := _said(scores, "model_digest")) != digest:
        raise JobError(f"The scores must be those of the model {digest}, and say that they are of {said or 'none'}.")
    return read_answers(workload, scores / score.FILE, records)


def champion_metrics(
    workload: Workload, champion: Mapping[str, Any], scores: Path, known: Labels, records: Sequence[str]
) -> dict[str, Any] | None:
    """Measure the champion by its scores; one that cannot be measured must not keep a new model from its place.

    Parameters
    ----------
    workload : Workload
        Whose label says what an answer is.
    champion : mapping
        Content of ``champion.json``; empty where there is none.
    scores : Path
        The folder that its scoring job wrote.
    known, records : of shape (n_samples,)
        The hold-out's labels and identifiers.

    Returns
    -------
    dict or None
        The champion with its ``metrics``; they are None where it cannot be measured, and the ``reason`` says why.
    """
    if not champion:
        return None
    reason = champion.get("reason") or _said(scores, "reason")
    if not reason:
        try:
            answers = read_answers(workload, scores / score.FILE, records)
            return {**champion, "metrics": measure(workload, known, answers)}
        except JobError as error:
            reason = str(error)
    job.say(f"The champion cannot be compared, so its gate is not applied: {reason}")
    return {**champion, "metrics": None, "reason": reason}


def _said(scores: Path, name: str) -> str:
    """Return what a scoring job says of itself: text of somebody else, so it is kept short and on one line."""
    try:
        said = json.loads((scores / score.REPORT).read_text(encoding="utf-8")).get(name, "")
    except (OSError, ValueError, AttributeError):
        return ""
    return " ".join(str(said).split())[:_LONGEST_TEXT]


def model_digest(uri: str, packed: bytes) -> str:
    """Return the digest of a model that stays the one that was scored; nothing of it is loaded.

    Parameters
    ----------
    uri : str
        Where training wrote the archive. Training's role can write there again, but can remove no version: as long
        as there is one version, the scores are those of these bytes.
    packed : bytes
        The archive.

    Raises
    ------
    JobError
        If the archive was written more than once.
    ArtifactError
        If its files are not those of its manifest.
    """
    versions = storage.versions(storage.client("s3"), uri)
    if versions != 1:
        raise JobError(
            f"{uri} must be written once, by the training job; it has {versions} versions. Somebody wrote over the "
            "model after training: find out who, and start a new execution."
        )
    with tempfile.TemporaryDirectory() as folder:
        artifact.unpack(packed, Path(folder))
        return artifact.verify(Path(folder))


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate the model at ``--model``, and write ``evaluation.json`` whatever the gates say."""
    parser = argparse.ArgumentParser(prog="training.evaluate")
    parser.add_argument("--model", required=True)
    uri = parser.parse_args(arguments).model
    workload = job.workload()
    folder = job.processing("input", dataset.LABELS)
    with tracking.step("evaluate") as run:
        digest = model_digest(uri, job.processing("input", "model", score.ARCHIVE).read_bytes())
        holdout = dataset.read(folder, dataset.LABELS)
        if few := list(labels.enough(workload, holdout, "hold-out", workload.holdout.minimum_examples)):
            raise JobError("\n".join(few))
        truth = labels.encoded(workload, holdout.to_pandas())
        records = [str(record) for record in holdout[workload.examples.record_id].to_pylist()]
        scores = job.processing("input", "scores")
        metrics = measure(workload, truth, model_answers(workload, scores, digest, records))
        job.say(f"On {len(records)} examples: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))
        known = json.loads(job.processing("input", "champion", approved.FILE).read_text(encoding="utf-8"))
        champion = champion_metrics(workload, known, job.processing("input", "champion_scores"), truth, records)
        broken = broken_gates(workload, metrics, champion["metrics"] if champion else None)
        message = "; ".join(broken) if broken else "every gate passed"
        report = {
            "gates": {"passed": int(not broken)},
            "failure_message": message,
            "metrics": metrics,
            "champion": champion,
            "model_digest": digest,
            **json.loads((folder / dataset.SPLIT_FILE).read_text(encoding="utf-8")),
        }
        job.output("evaluation", FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        run.log(metrics=metrics | dataset.seen(folder), tags={"headrace.gates": "failed" if broken else "passed"})
        if champion and champion["metrics"]:
            run.log(metrics={f"champion_{name}": value for name, value in champion["metrics"].items()})
        if broken:
            run.finish("FAILED")
        job.say(f"Gates: {message}")


if __name__ == "__main__":
    job.processing_main(main)
