"""What a value means by its source's declaration: the declared type, or the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workloads.spec import ColumnType

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_BOOLEANS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
_LARGEST = 2**63
_NOT_FINITE = "A division by zero makes it: load the row again without a value, or with a right one."


@dataclass(frozen=True)
class Broken:
    """A rule that values break.

    Attributes
    ----------
    rule, remedy : str
        What they must do, after the word "must", and what to do about it.
    index : int, optional
        Position of the first of them; None where it is their type.
    value : object
        The first of them, or the type.
    rows : int
        How many there are.
    """

    rule: str
    remedy: str
    index: int | None
    value: Any
    rows: int


Converted = tuple[pa.ChunkedArray, list[Broken]]


def plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values in the plainest type that holds them: no dictionaries, no views, no bytes that are text."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        values = values.cast(kind.storage_type)
    elif pa.types.is_run_end_encoded(kind):
        values = pa.chunked_array([pc.run_end_decode(chunk) for chunk in values.chunks], kind.value_type)
    elif pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
    elif pa.types.is_float16(kind):
        values = values.cast(pa.float64())
    kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or _is_bytes(kind):
        return values.cast(pa.string())
    return values if kind == values.type else plain(values)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def broken(mask: pa.ChunkedArray, values: pa.ChunkedArray, rule: str, remedy: str) -> list[Broken]:
    """Report the values at which a mask is true, if there are any."""
    found = np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False))
    if not len(found):
        return []
    first = int(found[0])
    value = values[first]
    shown = value.cast(pa.string()) if pa.types.is_timestamp(value.type) else value  # Python's has fewer years
    return [Broken(rule, remedy, first, shown.as_py(), len(found))]


def of_type(values: pa.ChunkedArray, kind: ColumnType, rule: str, remedy: str) -> Converted:
    """Refuse values for their type."""
    return nothing(len(values), kind), [Broken(rule, remedy, None, str(values.type), len(values))]


def nothing(rows: int, kind: ColumnType) -> pa.ChunkedArray:
    """Return as many missing values of a declared type."""
    return pa.chunked_array([pa.nulls(rows, ARROW_TYPES[kind])])


def blank_is_missing(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts without blanks around them; those of nothing else are missing."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def parsed(texts: pa.ChunkedArray, kind: pa.DataType, parse: Callable[[str], Any]) -> tuple[Any, Any]:
    """Parse each different text once.

    Returns
    -------
    tuple of pyarrow.ChunkedArray
        Values of a type, and a mask of the texts for which ``parse`` raised a ValueError.
    """
    encoded = texts.combine_chunks().dictionary_encode()
    values, bad = [], []
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(parse(text))
            bad.append(False)
        except ValueError:
            values.append(None)
            bad.append(True)
    taken = (pa.array(values, kind).take(encoded.indices), pa.array(bad, pa.bool_()).take(encoded.indices))
    return tuple(pa.chunked_array([one]) for one in taken)


def string(values: pa.ChunkedArray) -> Converted:
    """Read texts; whole numbers and dates become their digits."""
    kind = values.type
    if pa.types.is_string(kind):
        return values, []
    if pa.types.is_integer(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return (values.cast(pa.date32()) if pa.types.is_date64(kind) else values).cast(pa.string()), []
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        whole, wrong = integer(values)  # identifiers with gaps, as pandas keeps them
        remedy = "A fraction has no one spelling: declare the column as a number, or load it as text."
        return whole.cast(pa.string()), [Broken("be text", remedy, one.index, one.value, one.rows) for one in wrong]
    return of_type(values, "string", "be text", "Declare the column's type as it is, or load it as text.")


def number(values: pa.ChunkedArray) -> Converted:
    """Read 64-bit floats; NaN is a missing value, infinity is none."""
    kind = values.type
    wrong: list[Broken] = []
    if pa.types.is_string(kind):
        numbers, wrong = _numbers_of_texts(values)
    elif pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        numbers = values.cast(pa.float64(), safe=False)
    elif pa.types.is_boolean(kind):
        numbers = values.cast(pa.int8()).cast(pa.float64())
    else:
        return of_type(values, "number", "be a number", "Declare the column's type as it is, or load numbers.")
    if pc.any(pc.is_nan(numbers)).as_py():
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    wrong = wrong + broken(pc.is_inf(numbers), values, "be a finite number", _NOT_FINITE)
    return pc.add(numbers, 0.0), wrong  # -0 becomes 0, which equals it and yet would sort by chance


def _numbers_of_texts(values: pa.ChunkedArray) -> Converted:
    try:
        return values.cast(pa.float64()), []
    except pa.ArrowInvalid:
        numbers, bad = parsed(blank_is_missing(values), pa.float64(), _float)
        remedy = "Write it as 1234.5; where a text stands for no value, add it to the source's `null_values`."
        return numbers, broken(bad, values, "be a number", remedy)


def _float(text: str | None) -> float | None:
    if text is not None and "_" in text:
        raise ValueError(text)
    return None if text is None else float(text)


def integer(values: pa.ChunkedArray) -> Converted:
    """Read whole numbers of 64 bits; a fraction of zero is none."""
    kind = values.type
    if pa.types.is_string(kind):
        return _integers_of_texts(values, values)
    if pa.types.is_boolean(kind):
        return values.cast(pa.int64()), []
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
        rule, remedy = "be a whole number", "Declare the column as a number, or load whole ones."
        wrong = broken(pc.is_inf(values), values, "be a finite number", _NOT_FINITE)
        finite = pc.if_else(pc.is_finite(values), values, pa.scalar(None, kind))
        whole = pc.equal(finite, pc.trunc(finite))
        wrong += broken(pc.invert(whole), values, rule, remedy)
        far = pc.greater_equal(pc.abs(finite), pa.scalar(float(_LARGEST), pa.float64()))
        wrong += broken(far, values, "fit into 64 bits", remedy)
        kept = pc.and_(whole, pc.invert(far))
        return pc.if_else(kept, finite, pa.scalar(None, kind)).cast(pa.int64(), safe=False), wrong
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        try:
            return values.cast(pa.int64()), []
        except pa.ArrowInvalid:
            return _integers_of_texts(values.cast(pa.string()), values)
    return of_type(values, "integer", "be a whole number", "Declare the column's type as it is, or load whole numbers.")


def _integers_of_texts(texts: pa.ChunkedArray, values: pa.ChunkedArray) -> Converted:
    hexadecimal = pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py()
    try:
        if not hexadecimal:
            return texts.cast(pa.int64()), []
    except pa.ArrowInvalid:
        pass  # blanks around, a fraction of zero, or no numbers
    numbers, bad = parsed(blank_is_missing(texts), pa.int64(), _whole)
    remedy = "Declare the column as a number, load whole ones, or name what stands for no value in `null_values`."
    return numbers, broken(bad, values, "be a whole number of 64 bits", remedy)


def _whole(text: str | None) -> int | None:
    if text is None or text.lower() == "nan":
        return None
    try:
        if "_" in text or (exact := Decimal(text)) != exact.to_integral_value() or abs(exact) >= _LARGEST:
            raise ValueError(text)
        return int(exact)
    except (InvalidOperation, OverflowError) as error:
        raise ValueError(text) from error


def boolean(values: pa.ChunkedArray) -> Converted:
    """Read true and false, in any case, and 1 and 0."""
    kind = values.type
    rule, remedy = "be true, false, 1 or 0", "Load it so, or declare the column's type as it is."
    if pa.types.is_boolean(kind):
        return values, []
    if pa.types.is_string(kind):
        flags, bad = parsed(blank_is_missing(values), pa.bool_(), _flag)
        return flags, broken(bad, values, rule, f"{remedy[:-1]}; what stands for no value goes into `null_values`.")
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        numbers, _ = number(values)
        known = pc.is_in(numbers, value_set=pa.array([0.0, 1.0]))
        bad = pc.and_(pc.invert(known), pc.is_valid(numbers))
        return pc.equal(pc.if_else(known, numbers, pa.scalar(None, pa.float64())), 1.0), broken(
            bad, values, rule, remedy
        )
    return of_type(values, "boolean", rule, remedy)


def _flag(text: str | None) -> bool | None:
    if text is None:
        return None
    if text.lower() not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text.lower()]
