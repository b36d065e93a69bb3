"""Timestamps, in whichever way they were written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from training.raw.values import ARROW_TYPES, Broken, Converted, blank_is_missing, broken, nothing, of_type, parsed
from workloads.spec import Source

_UTC = ARROW_TYPES["timestamp"]
_NAIVE = pa.timestamp("us")
_PER_UNIT = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}  # microseconds
_UNITS = {"epoch_s": "s", "epoch_ms": "ms", "epoch_us": "us", "epoch_ns": "ns"}
_FIRST = pa.scalar(datetime(1, 1, 1, tzinfo=UTC), _UTC)
_LAST = pa.scalar(datetime(9999, 12, 31, tzinfo=UTC), _UTC)
_BEYOND = datetime.max  # after the last in every zone: it stands for what microseconds cannot hold
_REACH = "lie in the years 1 to 9999"
_RELOAD = "Load it again, or say in `timestamps` since when its numbers count."
_DAY = pa.scalar(86_400_000_000, pa.duration("us"))
_WITH_ZONE = r"^\d{4}-\d\d-\d\d[ T]\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$"
_DATE = r"^\d{4}-\d\d-\d\d$"
_DIGITS = r"^-?\d+(?:\.\d+)?$"
_RULE = "be a moment as ISO 8601 writes it"
_ISO = "Write it as 2013-01-31T10:00:00Z; where a text stands for no value, add it to the source's `null_values`."


def moments(values: pa.ChunkedArray, column: str, source: Source) -> Converted:
    """Read timestamps in UTC, to the microsecond.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
        Of timestamps with or without a zone, dates, numbers since 1970, or texts of any of these.
    column : str
        Its name, for what the source says of it.
    source : Source
        Which says what the values do not.
    """
    made, wrong = _moments(values, column, source)
    far = pc.invert(pc.and_(pc.greater_equal(made, _FIRST), pc.less_equal(made, _LAST)))
    if pc.any(far).as_py():
        wrong = wrong + broken(far, values, _REACH, _RELOAD)
        made = pc.if_else(far, pa.scalar(None, _UTC), made)
    return made, wrong


def _moments(values: pa.ChunkedArray, column: str, source: Source) -> Converted:
    kind, form = values.type, source.timestamps.get(column)
    if pa.types.is_timestamp(kind):
        return _zoned(values) if kind.tz is not None else _naive(values, source)
    if pa.types.is_date(kind):
        return _dates(values.cast(pa.date32()), column, source)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _epochs(values, column, form)
    if pa.types.is_string(kind):
        return _texts(values, column, source)
    return of_type(values, "timestamp", "be a timestamp", "Declare the column's type as it is, or load timestamps.")


def _to(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Bring timestamps to microseconds; those that do not fit stay beyond all years of ours."""
    if values.type.unit == "ns":
        values = pc.floor_temporal(values, unit="microsecond")
    try:
        return values.cast(kind)
    except pa.ArrowInvalid:
        most = pa.scalar(_BEYOND, pa.timestamp(values.type.unit)).value
        numbers = values.cast(pa.int64())
        far = pc.or_(pc.greater(numbers, most), pc.less(numbers, -most))
        return pc.if_else(far, most, numbers).cast(values.type).cast(kind)


def _zoned(values: pa.ChunkedArray) -> Converted:
    return _to(values, _UTC), []


def _naive(values: pa.ChunkedArray, source: Source) -> Converted:
    if source.zone is None:
        remedy = "Set the source's `zone`, such as `zone: UTC` or `zone: America/New_York`, or load it with a zone."
        return nothing(len(values), "timestamp"), broken(pc.is_valid(values), values, "have a time zone", remedy)
    return _local(_to(values, _NAIVE), source.zone), []


def _local(naive: pa.ChunkedArray, zone: str) -> pa.ChunkedArray:
    # an hour that the clock repeats is its second pass, one that it skips the moment after: known late, never early
    return pc.assume_timezone(naive, zone, ambiguous="latest", nonexistent="latest").cast(_UTC)


def _dates(values: pa.ChunkedArray, column: str, source: Source) -> Converted:
    form = source.timestamps.get(column)
    if form not in ("start_of_day", "end_of_day") or source.zone is None:
        remedy = (
            f"Say which moment of the day it is: `timestamps: {{{column}: end_of_day}}`, or start_of_day, and the "
            "source's `zone`, such as `zone: UTC`. What is known in the course of a day is known for sure at its end."
        )
        rule = "be declared as the start or the end of a day"
        return nothing(len(values), "timestamp"), broken(pc.is_valid(values), values, rule, remedy)
    midnight = values.cast(_NAIVE)
    return _local(pc.add(midnight, _DAY) if form == "end_of_day" else midnight, source.zone), []


def _epochs(values: pa.ChunkedArray, column: str, form: str | None) -> Converted:
    if form not in _UNITS:
        first = next((value for value in values.drop_null()[:1].to_pylist()), 0)
        remedy = f"Say since when it counts: `timestamps: {{{column}: {_guess(float(first))}}}`."
        rule = "be declared as seconds, milli-, micro- or nanoseconds since 1970"
        return nothing(len(values), "timestamp"), broken(pc.is_valid(values), values, rule, remedy)
    if pa.types.is_integer(values.type):
        return _zoned(values.cast(pa.int64()).cast(pa.timestamp(_UNITS[form], tz="UTC")))
    numbers = values.cast(pa.float64())
    numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    scaled = pc.round(pc.multiply(numbers, _PER_UNIT[form]))
    most = float(pa.scalar(_BEYOND, _NAIVE).value)
    return pc.if_else(pc.greater(pc.abs(scaled), most), most, scaled).cast(pa.int64()).cast(_UTC), []


def _guess(value: float) -> str:
    """Return the unit by which a number is a moment of our time."""
    return next((form for form, per_unit in _PER_UNIT.items() if 1e14 < abs(value) * per_unit < 1e16), "epoch_ms")


def _texts(values: pa.ChunkedArray, column: str, source: Source) -> Converted:
    try:
        return values.cast(_UTC), []
    except pa.ArrowInvalid:
        pass
    texts = pc.replace_substring_regex(blank_is_missing(values), r" ?(?:UTC|z)$", "Z")
    zoned, dates, digits = (pc.match_substring_regex(texts, pattern) for pattern in (_WITH_ZONE, _DATE, _DIGITS))
    rest = pc.invert(pc.or_(pc.or_(zoned, dates), digits))
    kinds: list[tuple[Any, Callable[[pa.ChunkedArray], Converted]]] = [
        (zoned, partial(_parsed, kind=_UTC, then=_zoned)),
        (rest, partial(_parsed, kind=_NAIVE, then=partial(_naive, source=source))),
        (dates, partial(_parsed, kind=pa.date32(), then=partial(_dates, column=column, source=source))),
        (digits, lambda some: _epochs(some.cast(pa.float64()), column, source.timestamps.get(column))),
    ]
    wrong: list[Broken] = []
    made = nothing(len(texts), "timestamp")
    for mask, convert in kinds:
        if pc.any(mask).as_py():
            some, bad = convert(pc.if_else(mask, texts, pa.scalar(None, pa.string())))
            made, wrong = pc.coalesce(made, some), wrong + bad
    return made, wrong


def _parsed(texts: pa.ChunkedArray, kind: pa.DataType, then: Callable[[pa.ChunkedArray], Converted]) -> Converted:
    """Parse texts of one kind, and go on with what they are."""
    tries = [kind] if pa.types.is_date(kind) else [kind, pa.timestamp("ns", kind.tz)]
    for one in tries:
        try:
            return then(texts.cast(one))
        except pa.ArrowInvalid:
            pass
    values, bad = parsed(texts, kind, partial(_moment, kind=kind))
    made, wrong = then(values)
    return made, wrong + broken(bad, texts, _RULE, _ISO)


def _moment(text: str | None, kind: pa.DataType) -> Any:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if pa.types.is_date(kind):
        return moment.date()
    if (moment.tzinfo is None) != (kind.tz is None):
        raise ValueError(text)
    return moment if kind.tz is None else moment.astimezone(UTC)
