"""What `make try` prints: a line a fact, the title of its step before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from trial.running import Trial

_TITLE = 11
_MOST = 10  # features whose importance is printed


def lines(trial: Trial) -> Iterator[str]:
    """Write a trial as lines of text."""
    yield _line(
        "workload", f"{trial.workload.name} {trial.digests['workload'][:19]}, data {trial.digests['data'][:19]}"
    )
    yield from _titled("sources", _sources(trial))
    yield from _titled("views", _views(trial))
    yield from _titled("examples", _examples(trial))
    yield from _titled("joins", _joins(trial))
    yield from _titled("check", _check(trial))
    yield from _titled("importance", _importance(trial))
    yield from _titled("metrics", _metrics(trial))
    yield _line("gates", trial.gates.message if trial.gates.passed else "failed")
    yield _line("model", trial.digests["model"])
    if trial.cache_problem:
        yield _line("cache", f"nothing could be kept: {trial.cache_problem}")


def _each(table: pd.DataFrame) -> Iterator[Any]:
    return iter(table.itertuples())


def _line(title: str, text: str) -> str:
    return f"{title:<{_TITLE}}{text}".rstrip()


def _titled(title: str, texts: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield _line(title if number == 0 else "", text)


def _sources(trial: Trial) -> Iterator[str]:
    width = max(map(len, trial.sources["source"]))
    for row in _each(trial.sources):
        outside = f", {row.outside:,} outside the dates" if row.outside else ""
        took = _took(row.seconds, row.cached)
        yield f"{row.source:<{width}}  {row.rows:>11,} rows from {_count(row.files, 'file')}{outside}  {took}"


def _views(trial: Trial) -> Iterator[str]:
    if trial.views.empty:
        return
    width = max(map(len, trial.views["view"]))
    slowest = trial.views["seconds"].idxmax()
    for row in _each(trial.views):
        mark = "  the slowest" if row.Index == slowest and len(trial.views) > 1 else ""
        yield f"{row.view:<{width}}  {row.rows:>11,} rows  {_took(row.seconds, row.cached)}{mark}"


def _took(seconds: float, cached: bool) -> str:
    return f"kept from an earlier run, which took {seconds:.2f} s" if cached else f"{seconds:.2f} s"


def _examples(trial: Trial) -> Iterator[str]:
    rows = trial.rows
    yield f"{rows['examples']:,} asked, {rows['training']:,} to train on, {rows['holdout']:,} held out"
    if rows["label_null"]:
        yield f"{_part(rows['label_null'], rows['examples'])} without an answer"
    if rows["known_late"]:
        yield f"{_part(rows['known_late'], rows['examples'])} whose answer was not known before the end of the data"
    if rows["too_new"]:
        yield f"{_part(rows['too_new'], rows['examples'])} so new that others of their age have no answer yet"
    if rows["between"]:
        yield f"{_part(rows['between'], rows['examples'])} asked before the hold-out, answered after it begins"


def _joins(trial: Trial) -> Iterator[str]:
    if trial.joins.empty:
        return
    width = max(map(len, trial.joins["entity"]))
    for row in _each(trial.joins):
        lost = [
            f"{_part(count, row.examples)} {why}"
            for count, why in (
                (row.without_identifier, "have no identifier"),
                (row.never_seen, "have one that the history never has"),
                (row.too_early, "ask no later than its first row"),
            )
            if count
        ]
        if row.left_out:
            whole = f"{row.rows + row.left_out:,}"
            lost.append(
                f"and {row.left_out:,} of the history's {whole} rows count for nothing, because they have no "
                "identifier, no event time, or the moment of another one"
            )
        said = f"; {', '.join(lost)}" if lost else ""
        yield f"{row.entity:<{width}}  {_part(row.found, row.examples)} examples found a history{said}"


def _check(trial: Trial) -> Iterator[str]:
    if trial.violations.empty:
        yield "every rule holds"
    else:
        yield f"failed: {_count(len(trial.violations), 'rule')} broken; mend the data, or the limits in workload.yaml"
        for row in _each(trial.violations):
            such = f", such as {', '.join(row.examples)}" if row.examples else ""
            yield f"- {row.column} must {row.rule}: broken in {row.rows:,} rows{such}"


def _metrics(trial: Trial) -> Iterator[str]:
    width = max(map(len, trial.metrics["metric"]))
    for row in _each(trial.metrics):
        yield f"{row.metric:<{width}}  {row.value:>10.4f}{_limits(row)}"


def _limits(row: Any) -> str:
    said = ""
    for word, limit, sign in (("least", row.minimum, 1), ("most", row.maximum, -1)):
        if pd.notna(limit):
            spare = sign * (row.value - limit)
            said += f"  at {word} {limit:g}: {'passes' if spare >= 0 else 'FAILS'} by {abs(spare):.4f}"
    return said


def _importance(trial: Trial) -> Iterator[str]:
    shown = trial.importance.head(_MOST)
    metric = trial.importance.attrs["metric"]
    rows = trial.importance.attrs["rows"]
    yield f"how much {metric} is worse when a feature is shuffled, on {rows:,} rows of the hold-out"
    width = max(map(len, shown["feature"]))
    for row in _each(shown):
        yield f"{row.feature:<{width}}  {row.importance:>8.4f} ± {row.spread:.4f}"
    if len(trial.importance) > len(shown):
        rest = trial.importance.iloc[len(shown) :]
        yield f"and {_count(len(rest), 'feature')} with at most {max(rest['importance'].max(), 0):.4f}"


def _part(count: int, total: int) -> str:
    return f"{count:,} ({count / max(total, 1):.1%})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
