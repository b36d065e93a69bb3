"""Conditions and policy variables of IAM's policy language.

The rules are those of the IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys"
and "Variables and tags". For a key that the request does not carry a condition is false, unless its operator is negated
(StringNotEquals, ArnNotLike, ...), ends in IfExists, is Null, or begins with ForAllValues.

Where the guide does not say, the stricter reading: a variable without a value makes an Allow with a negated operator
(or NotResource) void, and a Deny apply.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp

Context = Mapping[str, Sequence[str]]  # condition keys in lower case
_VARIABLE = re.compile(r"(\$\{[^}]*\})")
_ARN_PARTS = 6


class UnresolvedError(Exception):
    """A policy variable that the request does not carry, and that has no default."""


def like(value: str, pattern: str, context: Context, variables: bool = True) -> bool:
    """Match a value with ``*`` and ``?``, case by case.

    Parameters
    ----------
    value : str
        The request's.
    pattern : str
        The policy's; what stands for a variable is taken letter by letter, also where it has a star in it.
    context : mapping of str to sequence of str
        Where variables have their values.
    variables : bool
        Whether the policy's version knows variables.

    Raises
    ------
    UnresolvedError
        For a variable without a value.
    """
    return re.fullmatch(_expression(pattern, context, variables), value, re.DOTALL) is not None


def _expression(pattern: str, context: Context, variables: bool) -> str:
    if not variables or "${" not in pattern:
        return _wild(pattern)
    pieces = _VARIABLE.split(pattern)
    return "".join(re.escape(_value(piece, context)) if at % 2 else _wild(piece) for at, piece in enumerate(pieces))


@functools.lru_cache(maxsize=4096)
def _wild(text: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text)


def _filled(text: str, context: Context, variables: bool) -> str:
    if not variables or "${" not in text:
        return text
    return _VARIABLE.sub(lambda found: _value(found.group(), context), text)


def _value(variable: str, context: Context) -> str:
    name, _, default = variable[2:-1].partition(",")
    name = name.strip()
    if name in ("*", "?", "$"):
        return name
    values = context.get(name.lower(), ())
    if len(values) == 1:  # a key of many values cannot stand for one
        return values[0]
    if default:
        return default.strip().strip("'")
    raise UnresolvedError(name)


def hold(conditions: Mapping[str, Mapping[str, Any]], context: Context, effect: str, variables: bool = True) -> bool:
    """Return whether all conditions of a statement hold.

    Parameters
    ----------
    conditions : mapping
        A statement's Condition: operators, keys, values.
    context : mapping of str to sequence of str
        The request's.
    effect : str
        Allow or Deny; decides where a variable has no value.
    variables : bool
        Whether the policy's version knows variables.

    Raises
    ------
    ValueError
        For an operator that IAM does not know.
    """
    return all(
        _holds(operator, key, values(wanted), context, effect, variables)
        for operator, by_key in conditions.items()
        for key, wanted in by_key.items()
    )


def values(given: Any) -> list[str]:
    """Return a policy element's values as text, with JSON's booleans as policies compare them."""
    listed = given if isinstance(given, list) else [given]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]


def _holds(  # noqa: PLR0917 - a condition has no fewer parts
    operator: str, key: str, wanted: list[str], context: Context, effect: str, variables: bool
) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise ValueError(f"policies know no condition operator {operator!r}")
    actual = context.get(key.lower()) or ()
    if name == "Null":
        return (not actual) == (wanted[0].lower() == "true")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = "Not" in name
    base = name.replace("Not", "")
    compare = _comparison(base, operator)
    if not actual:
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)

    def matches(value: str) -> bool:
        return any(compare(value, one, context, variables) for one in wanted)

    try:
        found = [matches(value) != negated for value in actual]
    except UnresolvedError:
        return negated and effect == "Deny"
    every = quantifier == "ForAllValues" or (negated and not quantifier)
    return all(found) if every else any(found)


_Comparison = Callable[[str, str, Context, bool], bool]


def _comparison(base: str, operator: str) -> _Comparison:
    if base in _OPERATORS:
        return _OPERATORS[base]
    for family, read in (("Numeric", float), ("Date", _time)):
        relation = base.removeprefix(family)
        if base.startswith(family) and relation in _RELATIONS:
            return _ordered(_RELATIONS[relation], read)
    raise ValueError(f"policies know no condition operator {operator!r}")


def _equal(value: str, wanted: str, context: Context, variables: bool) -> bool:
    return value == _filled(wanted, context, variables)


def _equal_in_any_case(value: str, wanted: str, context: Context, variables: bool) -> bool:
    return value.lower() == _filled(wanted, context, variables).lower()


def _arn(value: str, wanted: str, context: Context, variables: bool) -> bool:
    """Compare ARNs part by part: a star does not reach over a colon, but in the last part, the resource."""
    if wanted == "*":
        return True
    have, want = value.split(":", _ARN_PARTS - 1), _arn_parts(wanted)
    return len(have) == len(want) == _ARN_PARTS and all(
        like(part, pattern, context, variables) for part, pattern in zip(have, want, strict=True)
    )


def _arn_parts(pattern: str) -> list[str]:
    """Split at the colons that stand outside of variables."""
    parts = [""]
    for at, piece in enumerate(_VARIABLE.split(pattern)):
        first, *rest = [piece] if at % 2 else piece.split(":")
        parts[-1] += first
        parts += rest
    return [*parts[: _ARN_PARTS - 1], ":".join(parts[_ARN_PARTS - 1 :])] if len(parts) >= _ARN_PARTS else parts


def _same_bool(value: str, wanted: str, *_: Any) -> bool:
    return value.lower() == wanted.lower()


def _same_bytes(value: str, wanted: str, *_: Any) -> bool:
    return value == wanted


def _inside(value: str, wanted: str, *_: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:  # the request's address is none, or of the other family
        return False


def _ordered(holds: Callable[[Any, Any], bool], read: Callable[[str], Any]) -> _Comparison:
    def compare(value: str, wanted: str, *_: Any) -> bool:
        try:
            actual = read(value)
        except ValueError:  # what the request carries is no number, or no date
            return False
        return holds(actual, read(wanted))

    return compare


def _time(value: str) -> datetime:
    parsed: datetime = parse_timestamp(float(value) if value.isdigit() else value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


_OPERATORS: dict[str, _Comparison] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_in_any_case,
    "StringLike": like,
    "ArnEquals": _arn,
    "ArnLike": _arn,
    "Bool": _same_bool,
    "BinaryEquals": _same_bytes,
    "IpAddress": _inside,
}
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, wanted: bool(value == wanted),
    "LessThan": lambda value, wanted: bool(value < wanted),
    "LessThanEquals": lambda value, wanted: bool(value <= wanted),
    "GreaterThan": lambda value, wanted: bool(value > wanted),
    "GreaterThanEquals": lambda value, wanted: bool(value >= wanted),
}
