"""Nothing may change when later rows are taken away.

The event streams are cut off at a few moments and the SQL runs again on what is left. Every history row and every
example up to the moment is compared with what all rows gave: a value that differs was made of rows that came later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from training import features
from training.features import Compute, Features
from workloads import sql
from workloads.problems import Problem
from workloads.spec import REQUEST, Workload

MOMENTS = (0.08, 0.2, 0.35)
"""Where the streams are cut off, as shares of the examples: early, because the SQL runs on all rows before."""
_AROUND = 0.02  # share of the examples around such a place, of which the rarest moment is taken
_TOLERANCE = 1e-6  # relative; a mean over a window differs in its last digits with what else is computed beside it
_REMEDY = "Use only rows with an event_time at or before that of the row that is made."

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Made:
    """A view's rows, and what must not change in them."""

    view: str
    rows: pa.Table
    identifier: str
    event_time: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Change:
    """What is different in a column without the later rows: in how many rows, and one of them."""

    column: str
    rows: int
    example: str


def problems(
    workload: Workload,
    streams: Mapping[str, pa.Table],
    made: Features,
    compute: Compute = features.apart,
) -> list[Problem]:
    """Find what depends on later rows.

    Parameters
    ----------
    workload : Workload
        Whose SQL is run.
    streams : mapping of str to pyarrow.Table
        The event streams that `made` was made of.
    made : Features
        What the SQL made of them.
    compute : callable
        What runs it.

    Returns
    -------
    list of Problem
        One a column, those of most rows first.
    """
    found: dict[tuple[str, str], _Change] = {}
    moments = _moments(workload, made.examples)

    def without_later(moment: datetime) -> Features:
        cut = {name: _until(streams[name], source.event_time, moment) for name, source in workload.sources.items()}
        return compute(workload, cut)

    with ThreadPoolExecutor(len(MOMENTS)) as at_once:  # each in one thread of DuckDB, which Python does not hold up
        earlier = list(at_once.map(without_later, moments))
    for moment, then in zip(moments, earlier, strict=True):
        for now, before in zip(_made(workload, made), _made(workload, then), strict=True):
            for change in _changes(workload, now, before, moment):
                known = found.get((now.view, change.column))
                if known is None or known.rows < change.rows:
                    found[now.view, change.column] = change
    return [
        Problem(
            field=f"{view}.{change.column}",
            rule=f"be the same when later rows are taken away (it changes in {change.rows} rows)",
            value=change.example,
            remedy=_remedy(workload, view, change.column),
            place=sql.place(workload, view, change.column),
        )
        for (view, _), change in sorted(found.items(), key=lambda one: -one[1].rows)
    ]


def _remedy(workload: Workload, view: str, column: str) -> str:
    label = workload.label
    if view == workload.examples.view and column == workload.examples.record_id:
        return (
            "A question must be there from its own moment on: take its answer with LEFT JOIN, and filter by the past."
        )
    if view == workload.examples.view and column == label.name:
        return f"{label.known_at} says that it was known: let it be the moment of the last row that the answer needs."
    return _REMEDY


def _moments(workload: Workload, examples: pa.Table) -> list[datetime]:
    """Choose moments at which questions are asked, spread over the examples; the same data give the same ones.

    Rare ones: at a full hour, at which many are asked, the next row that a view should not see is often there already.
    """
    asked = examples[workload.examples.event_time].combine_chunks()  # in order
    chosen: list[datetime] = []
    for share in MOMENTS if len(asked) else ():
        first = int(len(asked) * max(0.0, share - _AROUND / 2))
        around = asked.slice(first, max(1, int(len(asked) * _AROUND)))
        counts = pc.value_counts(around)
        rarest = counts.field("values")[int(np.argmin(counts.field("counts").to_numpy()))].as_py()
        if rarest not in chosen:
            chosen.append(rarest)
    return chosen


def _until(rows: pa.Table, event_time: str, moment: datetime) -> pa.Table:
    at = rows[event_time]
    return rows.filter(pc.less_equal(at, pa.scalar(moment, at.type)))


def _made(workload: Workload, made: Features) -> Iterator[_Made]:
    examples, label = workload.examples, workload.label
    asked = (*workload.feature_names(REQUEST), label.name)
    yield _Made(examples.view, made.examples, examples.record_id, examples.event_time, asked)
    for name, entity in workload.entities.items():
        stored = workload.stored_features(name)
        yield _Made(entity.view, made.histories[name], entity.record_identifier, entity.event_time, stored)


def _changes(workload: Workload, now: _Made, before: _Made, moment: datetime) -> Iterator[_Change]:
    """Compare what there is up to a moment with what there was."""
    # a day's mean is stamped with the day's end, which may come after the moment: there is nothing to compare it with
    with_later, without = (_unique(_until(made.rows, made.event_time, moment), made) for made in (now, before))
    both, gone = _paired(with_later, without, now)
    if gone is not None:
        yield gone
    for column in now.columns if both[0].num_rows else ():
        values, earlier = (rows[column].combine_chunks() for rows in both)
        differing = _differing(values, earlier)
        if now.view == workload.examples.view and column == workload.label.name:
            differing &= _known(both[0][workload.label.known_at], moment)
        if differing.any():
            row = int(np.argmax(differing))
            which = f"{both[0][now.identifier][row].as_py()} at {both[0][now.event_time][row].as_py():%Y-%m-%d %H:%M}"
            change = f"{_short(values[row].as_py())}, and {_short(earlier[row].as_py())} without them"
            yield _Change(column, int(differing.sum()), f"{which}: {change}")


def _unique(rows: pa.Table, made: _Made) -> pa.Table:
    """Leave out rows of the same identifier and moment, of which nobody knows which is which."""
    keys = rows.select([made.event_time, made.identifier]).to_pandas()
    twice = keys.duplicated(keep=False).to_numpy()
    return rows.filter(pa.array(~twice)) if twice.any() else rows


def _paired(now: pa.Table, before: pa.Table, made: _Made) -> tuple[tuple[pa.Table, pa.Table], _Change | None]:
    """Bring the rows of the same identifier and moment together, and tell which have none."""
    keys = [made.event_time, made.identifier]
    if now.num_rows == before.num_rows and all(now[key].equals(before[key]) for key in keys):
        return (now, before), None
    places = [rows.select(keys).to_pandas().assign(row=range(rows.num_rows)) for rows in (now, before)]
    merged = places[0].merge(places[1], on=keys, how="outer", indicator=True)
    lonely, shared = merged[merged["_merge"] != "both"], merged[merged["_merge"] == "both"]
    pair = tuple(rows.take(pa.array(shared[row].astype(int))) for rows, row in ((now, "row_x"), (before, "row_y")))
    if not len(lonely):
        return (pair[0], pair[1]), None
    one = lonely.iloc[0]
    said = "is there, and is not without them" if one["_merge"] == "left_only" else "is gone, and is there without them"
    example = f"{one[made.identifier]} at {one[made.event_time]:%Y-%m-%d %H:%M} {said}"
    return (pair[0], pair[1]), _Change(made.identifier, len(lonely), example)


def _differing(one: pa.Array, other: pa.Array) -> Mask:
    if pa.types.is_floating(one.type) or pa.types.is_decimal(one.type):
        first, second = _numbers(one), _numbers(other)
        size = float(np.max(np.abs(first), initial=0.0, where=np.isfinite(first)))
        close: Mask = np.isclose(first, second, rtol=_TOLERANCE, atol=_TOLERANCE**2 * size, equal_nan=True)
        return ~close
    same = pc.or_(pc.fill_null(pc.equal(one, other), False), pc.and_(pc.is_null(one), pc.is_null(other)))
    return ~np.asarray(same.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _numbers(values: pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _known(known_at: pa.ChunkedArray, moment: datetime) -> Mask:
    known = pc.fill_null(pc.less_equal(known_at, pa.scalar(moment, known_at.type)), False)
    return np.asarray(known.to_numpy(), dtype=np.bool_)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)
