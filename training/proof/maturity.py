"""How long answers take, so that neither part of a data set holds only the questions that were answered quickly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from training.dataset import Split
from workloads import sql
from workloads.problems import Problem
from workloads.spec import Workload

ANSWERED = 0.95
"""Share of the answers, of every kind of answer, that have come after the wait."""
_KINDS_OF_NUMBER = 4  # a number's answers are told apart by its quarters


def wait(workload: Workload, answered: pa.Table, end: datetime) -> timedelta:
    """Measure how long to wait until a question has its answer, whatever the answer is.

    A late answer is often another answer: a payment is disputed after weeks, and undisputed from the first day on. So
    each kind of answer is waited for, and the slowest counts. It is measured on the older half of the time, whose
    questions have had at least as long again to be answered.

    Parameters
    ----------
    workload : Workload
        Whose label it is.
    answered : Table
        The examples that have an answer.
    end : datetime
        Of the data.

    Returns
    -------
    timedelta
        Not negative; nothing where there are no examples.
    """
    asked, known, label = (
        answered[name].to_pandas()
        for name in (workload.examples.event_time, workload.label.known_at, workload.label.name)
    )
    if not len(asked):
        return timedelta(0)
    old = asked <= asked.min() + (pd.Timestamp(end) - asked.min()) / 2
    delays, answers = (known - asked)[old], label[old]
    if not workload.label.classes:
        answers = (answers.rank(pct=True) * _KINDS_OF_NUMBER).clip(upper=_KINDS_OF_NUMBER - 1).astype(int)
    longest = delays.groupby(answers).quantile(ANSWERED).max()
    return max(timedelta(0), longest.to_pytimedelta()) if pd.notna(longest) else timedelta(0)


def old_enough(workload: Workload, examples: pa.Table, end: datetime, waited: timedelta) -> pa.Table:
    """Keep the examples that were asked so long before a moment that they have been waited for."""
    asked = examples[workload.examples.event_time].to_pandas()
    return examples.filter(pa.array(asked + waited <= pd.Timestamp(end)))


def problems(workload: Workload, parts: Split) -> Iterator[Problem]:
    """Find answers that were known before their question was asked."""
    examples, label = workload.examples, workload.label
    rows = pa.concat_tables([parts.training, parts.holdout])
    early = rows.filter(pc.less(rows[label.known_at], rows[examples.event_time]))
    if early.num_rows:
        first = early.slice(0, 1).to_pylist()[0]
        yield Problem(
            field=f"{examples.view}.{label.known_at}",
            rule=f"be at or after the moment of the question (it is before in {early.num_rows} rows)",
            value=f"{first[label.known_at]:%Y-%m-%d %H:%M} for {first[examples.record_id]}",
            remedy=f"What is known when it is asked is no question: correct {label.known_at} or {examples.event_time}.",
            place=sql.place(workload, examples.view, label.known_at),
        )
