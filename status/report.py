"""One workload's report: its last run, gates, newest package, last release, what serves, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agreements.metadata import MODEL_DIGEST, WORKLOAD_DIGEST
from agreements.variables import BOOTSTRAP
from status import ledger, packages, runs
from status.environment import Environment
from status.packages import Package
from status.runs import Run
from status.serving import Serving, serving

RELEASED = "released"
_HUGE = 1e6
_DIGEST = 19  # characters of a digest that tell one from another: sha256: and twelve


@dataclass(frozen=True)
class Report:
    """What is known of a workload.

    Attributes
    ----------
    run : Run or None
        The newest one; None where the pipeline never ran.
    package : Package or None
        The newest one, whatever its approval.
    entries : sequence of mapping of str to str
        The ledger's, newest first.
    serving : Serving
        What the endpoint answers with.
    """

    environment: Environment
    run: Run | None
    package: Package | None
    entries: Sequence[Mapping[str, str]]
    serving: Serving

    @property
    def entry(self) -> Mapping[str, str] | None:
        """The ledger's newest entry."""
        return next(iter(self.entries), None)

    @property
    def release(self) -> Mapping[str, str] | None:
        """The newest entry that says released."""
        return next((entry for entry in self.entries if entry["outcome"] == RELEASED), None)


def report(environment: Environment) -> Report:
    """Ask AWS about the workload of an environment."""
    return Report(
        environment,
        runs.newest(environment),
        packages.newest_package(environment, rejected=True),
        list(ledger.entries(environment)),
        serving(environment),
    )


def lines(found: Report) -> Iterator[tuple[str, str]]:
    """Yield a report as a person reads it: a title, or an empty one for what belongs to the line above, and a text."""
    yield from _run(found.run)
    yield "package", _package(found.package)
    yield "release", _release(found.entry)
    yield "serves", _serves(found)
    for problem in problems(found):
        yield "wrong", problem


def problems(found: Report) -> Iterator[str]:
    """Yield what is not as it should be, each with what to do."""
    own, run, package, entry = found.environment.own, found.run, found.package, found.entry
    if run is not None and run.status not in ("Succeeded", *runs.RUNNING):
        yield f"The last run ended {run.status}. Mend what its reason says, and start the pipeline {own.pipeline_name}."
    if package is not None and package.status == "PendingManualApproval":
        yield (
            f"Package {package.version} waits for approval: aws sagemaker update-model-package --model-package-arn "
            f"{package.arn} --model-approval-status Approved"
        )
    tried = {each.get("package") for each in found.entries}
    if package is not None and package.status == "Approved" and package.arn not in tried:
        yield (
            f"Package {package.version} is approved and not released. The release machine says why, and the reconciler "
            f"looks again by itself: {own.release_state_machine_arn}"
        )
    if entry is not None and entry["outcome"] != RELEASED:
        said = ": ".join(entry[name] for name in ("error", "cause") if entry.get(name))
        yield f"The last release was {entry['outcome']}: {said} The endpoint answers as before."
    if found.serving.status != "InService":
        yield " ".join(f"The endpoint {own.endpoint_name} is {found.serving.status}. {found.serving.reason}".split())
    wanted = BOOTSTRAP if found.release is None else found.release["model_digest"]
    if found.serving.status == "InService" and found.serving.model_digest != wanted:
        yield (
            f"The endpoint answers with {short(found.serving.model_digest)}, and the ledger says {short(wanted)}. "
            f"Start the release machine to put it right: {own.release_state_machine_arn}"
        )


def short(digest: str) -> str:
    """Return as much of a digest as a person compares."""
    return f"{digest[:_DIGEST]}…" if len(digest) > _DIGEST else digest or "none"


def _run(run: Run | None) -> Iterator[tuple[str, str]]:
    if run is None:
        yield "run", "none yet"
        return
    took = "" if run.ended is None else f", after {(run.ended - run.began).total_seconds():.0f} s"
    yield "run", f"{run.execution} {run.status}, started {moment(run.began)}{took}"
    for failure in run.failures:
        for told in failure.lines():
            yield "", told
    if run.reason and not run.failures:
        yield "", run.reason
    if run.evaluation is not None:
        yield "gates", run.evaluation.message
        if run.evaluation.metrics:
            yield "", ", ".join(f"{name} {number(value)}" for name, value in sorted(run.evaluation.metrics.items()))


def _package(package: Package | None) -> str:
    if package is None:
        return "none yet"
    digests = _digests(package.metadata.get(MODEL_DIGEST, ""), package.metadata.get(WORKLOAD_DIGEST, ""))
    return f"{package.version} {package.status}, registered {moment(package.created)}, {digests}"


def _release(entry: Mapping[str, str] | None) -> str:
    if entry is None:
        return "none yet"
    version = entry["package"].rsplit("/", 1)[-1] if entry.get("package") else "none"
    asked = f", asked for by {entry['requested_by']}" if entry.get("requested_by") else ""
    return f"{entry['outcome']} {moment(entry['finished_at'])}, package {version}{asked}"


def _serves(found: Report) -> str:
    """Say what answers and since when: the ledger knows when it was released, SageMaker when the endpoint changed."""
    now, release = found.serving, found.release
    by_ledger = release is not None and release["model_digest"] == now.model_digest
    since = release["finished_at"] if release is not None and by_ledger else now.changed
    contract = release.get(WORKLOAD_DIGEST, "") if release is not None and by_ledger else ""
    return f"{_digests(now.model_digest, contract)}, since {moment(since)}, {now.status}"


def _digests(model: str, workload: str) -> str:
    return f"model {short(model)}" + (f", workload {short(workload)}" if workload else "")


def number(value: float) -> str:
    """Return a metric's value with four decimals, or what matters of one that is huge."""
    return f"{value:.4f}" if abs(value) < _HUGE else f"{value:.4g}"


def moment(given: datetime | str) -> str:
    """Return a time in UTC, to the minute."""
    found = datetime.fromisoformat(given) if isinstance(given, str) else given
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
