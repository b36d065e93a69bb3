"""One trial: prepare, check, train and evaluate in this process, with the functions of the jobs."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from training import check, dataset, prepare, raw
from training.job import JobError
from training.prepare import Prepared
from training.raw import RawDataError
from training.raw.files import holds_rows
from training.raw.problems import RawProblem
from trial import files, judged
from trial.cache import Cache, Kept
from trial.digests import digest, of_code
from trial.files import File, Files
from trial.remembered import Remembered
from workloads import folder as artifact
from workloads import spec
from workloads.problems import Problem, ProblemsError
from workloads.spec import Source, Workload

Dates = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Gates:
    """Whether the pipeline would register the model.

    Attributes
    ----------
    passed : bool
    message : str
        What the pipeline's evaluation would say.
    """

    passed: bool
    message: str


@dataclass(frozen=True)
class Trial:
    """What a trial found.

    Attributes
    ----------
    workload : Workload
    training, holdout : DataFrame
        The two parts, with identifiers, times, features and labels.
    sources : DataFrame
        A row a source: ``source``, ``files`` of rows (a marker such as ``_SUCCESS`` is none), ``rows``, ``outside``
        (the dates), ``seconds`` to read it, ``cached``.
    rows : dict of str to int
        What became of the examples, by `training.prepare.Report`'s names, and ``training``, ``between``, ``holdout``.
    joins : DataFrame
        See `trial.joins.report`.
    views : DataFrame
        A row a view: ``view``, ``rows``, ``seconds``, ``cached``.
    violations : DataFrame
        The rules of the check that the data break: ``column``, ``rule``, ``rows``, ``examples``.
    scores : DataFrame
        A row of the hold-out: identifier, label and answer.
    metrics : DataFrame
        A row a metric: ``metric``, ``value``, ``minimum``, ``maximum`` and ``passes``.
    importance : DataFrame
        See `trial.importance.permutation`.
    gates : Gates
    digests : dict of str to str
        Of the ``model``, the ``data`` and the ``workload``.
    seconds : dict of str to float
        What each step took.
    """

    workload: Workload
    training: pd.DataFrame
    holdout: pd.DataFrame
    sources: pd.DataFrame
    rows: dict[str, int]
    joins: pd.DataFrame
    views: pd.DataFrame
    violations: pd.DataFrame
    scores: pd.DataFrame
    metrics: pd.DataFrame
    importance: pd.DataFrame
    gates: Gates
    digests: dict[str, str]
    seconds: dict[str, float]
    cache_problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the check and every gate passed."""
        return self.gates.passed and self.violations.empty


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        # the jobs say in their logs what they do; here the report says it
        with contextlib.redirect_stdout(io.StringIO()):
            yield
        self.seconds[name] = time.perf_counter() - began


def run(
    workload: str | Path | Workload,
    folder: str | Path | Files,
    start: date | str | None = None,
    end: date | str | None = None,
    cache: Cache | None = None,
) -> Trial:
    """Try a workload on data of this machine.

    Parameters
    ----------
    workload : str, Path or Workload
        Name of a workload in ``workloads/``, or a folder that holds a ``workload.yaml`` and its ``features.sql``; or
        one that was read from there.
    folder : str, Path or mapping
        Holds the events as ``raw/<source>/`` with any number of files; or the files of each source.
    start, end : date or str, optional
        Events from ``start`` to before ``end`` count (UTC; ISO dates as text); by default all.
    cache : Cache, optional
        Where unchanged streams and views are kept; by default the user's cache folder.

    Raises
    ------
    ProblemsError, JobError
        If the workload or the data cannot be read, or nothing can be trained on them.
    """
    clock, cache = _Clock(), cache or Cache()
    asked = dates_of(start, end)
    with clock.step("read"):
        described = workload if isinstance(workload, Workload) else read(workload)
        artifact.use(described.folder)
        given = folder if isinstance(folder, Mapping) else files.of_folder(described, Path(folder))
        keys = {name: _stream_key(described, name, given, asked) for name in described.sources}
        kept = _streams(described, given, keys, cache, asked)
        streams = {name: one.table for name, one in kept.items()}
        first, last = _bounds(described, streams, *asked)
    with clock.step("features"):
        dates = f"{first:%Y-%m-%d} {last:%Y-%m-%d}"
        remembered = Remembered(cache, {name: digest(key, dates) for name, key in keys.items()})
        prepared = prepare.build(described, streams, first, last, compute=remembered, prove=remembered.prove)
    with clock.step("check"):
        parts = dataset.whole(described, prepared.parts)
        found = check.violations(described, parts)
    try:
        answered = judged.judge(described, prepared, clock.step)
    except (JobError, ValueError) as error:
        if not found:
            raise
        lines = "\n".join(f"- {violation}" for violation in found)
        raise JobError(
            f"The training set breaks {len(found)} rules:\n{lines}\nand cannot be trained on: {error}"
        ) from error
    cache.prune()
    sources = [
        (name, _of_rows(given[name]), rows.read, rows.outside, kept[name].seconds, kept[name].cached)
        for name, rows in prepared.report.sources.items()
    ]
    return Trial(
        workload=described,
        training=prepared.parts[dataset.TRAINING].to_pandas(),
        holdout=judged.holdout(described, prepared),
        sources=pd.DataFrame(sources, columns=["source", "files", "rows", "outside", "seconds", "cached"]),
        rows=_rows(prepared),
        joins=remembered.joins,
        views=remembered.views,
        violations=pd.DataFrame([vars(one) for one in found], columns=["column", "rule", "rows", "examples"]),
        scores=answered.scores,
        metrics=answered.metrics,
        importance=answered.importance,
        gates=Gates(not answered.broken, "; ".join(answered.broken) or "every gate passed"),
        digests={
            "model": answered.digest,
            "data": "sha256:" + digest("data", dates, *(keys[name] for name in sorted(keys))),
            "workload": "sha256:" + artifact.digest(artifact.files(described.folder)),
        },
        seconds=clock.seconds,
        cache_problem=cache.problem,
    )


def read(workload: str | Path) -> Workload:
    """Read a workload by its name or folder.

    Raises
    ------
    ProblemsError
        If there is none, or with every broken rule of its files.
    """
    named = spec.folder(str(workload))
    for folder in (Path(workload), named):
        if (folder / "workload.yaml").is_file():
            return spec.load(folder / "workload.yaml")
    if Path(workload).name == "workload.yaml" and Path(workload).is_file():
        return spec.load(workload)
    remedy = f"It has neither a workload.yaml of its own nor one in {named.parent.name}/: correct the name or the path."
    raise ProblemsError(
        [Problem(field="WORKLOAD", rule="be a workload's name or folder", value=str(workload), remedy=remedy)]
    )


def dates_of(start: date | str | None, end: date | str | None) -> Dates:
    """Read the dates of a trial.

    Raises
    ------
    ProblemsError
        If one is none, or they are exchanged.
    """
    found: list[datetime | None] = []
    problems = []
    for name, value in (("START", start), ("END", end)):
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else value
            found.append(datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None)
        except ValueError:
            problems.append(Problem(field=name, rule="be an ISO date", value=value, remedy="Write it as 2013-01-31."))
    if not problems and found[0] and found[1] and found[0] >= found[1]:
        remedy = "Events from START to before END count: exchange them."
        problems.append(Problem(field="START", rule=f"be before END ({end})", value=str(start), remedy=remedy))
    if problems:
        raise ProblemsError(problems)
    return found[0], found[1]


def _bounds(
    workload: Workload, streams: Mapping[str, pa.Table], start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    """Return the dates, or those between which all events of the data lie."""
    days = []
    for name, source in workload.sources.items():
        if streams[name].num_rows and not source.reference:
            extremes = pc.min_max(streams[name][source.event_time]).as_py()
            days += [extremes["min"].date(), extremes["max"].date()]
    if not days and (start or end):
        field, value = ("START", start) if start else ("END", end)
        remedy = "None of the sources has a row between the dates: choose others, or load events of them."
        raise ProblemsError([Problem(field=field, rule="leave events", value=f"{value:%Y-%m-%d}", remedy=remedy)])
    if not days:
        raise JobError("The sources must hold events; their files have no rows. Give a folder that holds some.")
    midnight = datetime.min.time()
    first = start or datetime.combine(min(days), midnight, UTC)
    return first, end or datetime.combine(max(days), midnight, UTC) + timedelta(days=1)


def _of_rows(given: Sequence[File]) -> int:
    return sum(holds_rows(file.raw.key) for file in given)


def _stream_key(workload: Workload, name: str, given: Files, dates: Dates) -> str:
    source, read = workload.sources[name], (f"{file.raw.key} {file.digest}" for file in given[name])
    return digest("stream", of_code(), pa.__version__, name, source.model_dump_json(), *map(str, dates), *read)


def _streams(workload: Workload, given: Files, keys: Mapping[str, str], cache: Cache, dates: Dates) -> dict[str, Kept]:
    """Read every source, and tell what is wrong with any of them at once."""
    found: dict[str, Kept] = {}
    problems: list[RawProblem] = []
    for name, source in workload.sources.items():

        def read(name: str = name, source: Source = source) -> pa.Table:
            return raw.read_all({name: source}, {name: [file.raw for file in given[name]]}, *dates)[name].table

        try:
            found[name] = cache.table(keys[name], read)
        except RawDataError as error:
            problems += error.problems
    if problems:
        raise RawDataError(problems)
    return found


def _rows(prepared: Prepared) -> dict[str, int]:
    report = prepared.report
    training, holdout = (report.split[part]["rows"] for part in ("training", "holdout"))
    answered = report.examples - report.label_null - report.known_late - report.too_new
    return {
        "examples": report.examples,
        "label_null": report.label_null,
        "known_late": report.known_late,
        "too_new": report.too_new,
        "training": training,
        "between": answered - training - holdout,
        "holdout": holdout,
    }
