"""What kind of question a label is, and how features.sql writes it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scaffold.answers import Question
from scaffold.facts import Facts
from scaffold.names import quoted, text
from scaffold.tables import Column
from workloads.problems import Problem
from workloads.spec import LabelType

_YES = frozenset(("yes", "y", "true", "t", "1"))
_NO = frozenset(("no", "n", "false", "f", "0"))
_FEW_NUMBERS = 10
"""Whole numbers of no more values than these may be names of classes (1, 2, 3) as well as amounts."""
FEWEST = 10
"""Rows of a class below which it is no class of the label."""
FIELD = "LABEL"


@dataclass(frozen=True)
class Label:
    """What the model predicts.

    Attributes
    ----------
    column : Column
        Where the data have it.
    kind : LabelType
        Which kind of question that is.
    why : str
        Why it was taken for that kind, for a comment.
    expression : str
        SQL that makes it, with ``{0}`` for the column.
    categories : tuple of str
        Every category in order; empty where there are none.
    shares : tuple of float
        How often each category, or false and true, comes up among the answers.
    """

    column: Column
    kind: LabelType
    why: str
    expression: str
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()


def decide(column: Column, wanted: str) -> Label | Question | Problem:
    """Decide the kind of question, ask for it, or say why the column cannot be a label.

    Parameters
    ----------
    wanted : str
        ``boolean``, ``category`` or ``number`` where somebody said so.
    """
    problem = next(_unfit(column), None)
    if problem:
        return problem
    facts = column.facts
    if wanted and wanted not in [*LabelType]:
        remedy = "boolean: is it so; category: which one is it; number: how much is it."
        return Problem(field="LABEL_TYPE", rule=f"be one of {', '.join(LabelType)}", value=wanted, remedy=remedy)
    numeric = facts.kind in ("integer", "number")
    whole = numeric and 2 < facts.distinct <= _FEW_NUMBERS and all(float(one).is_integer() for one in facts.values)
    if not wanted and whole:
        shown = ", ".join(f"{one:g}" for one in facts.values)
        what = f"the kind of the label {column.title}, whose values are {shown}"
        return Question("label_type", what, (("category", "they name classes"), ("number", "they say how much")))
    kinds = _possible(facts)
    kind = LabelType(wanted) if wanted else next(iter(kinds))
    if kind not in kinds:
        remedy = f"The column {column.title} holds {column.about}: it can be {' or '.join(kinds)}."
        return Problem(field="LABEL_TYPE", rule="fit the label's values", value=wanted, remedy=remedy)
    return _label(column, kind)


def _unfit(column: Column) -> Iterator[Problem]:
    facts, name = column.facts, f"{column.table}.{column.title}"
    if facts.rows == facts.nulls:
        remedy = "Every row lacks it: name a column that has answers."
        yield Problem(field=FIELD, rule="have values", value=name, remedy=remedy)
    elif facts.distinct == 1:
        remedy = f"It is {facts.values[0]!r} wherever it is known: there is nothing to learn. Name another column."
        yield Problem(field=FIELD, rule="have more than one value", value=name, remedy=remedy)
    elif facts.kind == "timestamp":
        remedy = "Compute a number from it, as the hours until then, and store it as a column."
        yield Problem(field=FIELD, rule="be a boolean, a category or a number, not a time", value=name, remedy=remedy)
    elif (
        facts.kind == "string"
        and facts.values
        and sum(part * (facts.rows - facts.nulls) >= FEWEST for part in facts.shares) < 2
    ):
        remedy = "Bring more rows, or put classes together."
        yield Problem(field=FIELD, rule=f"have two classes with at least {FEWEST} rows each", value=name, remedy=remedy)
    elif facts.kind == "string" and not facts.values:
        remedy = f"It has {facts.distinct} different texts: reduce them to a few classes, or name another column."
        yield Problem(field=FIELD, rule="be of at most 50 classes", value=name, remedy=remedy)


def _possible(facts: Facts) -> dict[LabelType, None]:
    """Return the kinds that a column's values can be, the likeliest first."""
    if facts.kind == "boolean":
        kinds = [LabelType.BOOLEAN, LabelType.CATEGORY]
    elif facts.kind == "string":
        kinds = [LabelType.BOOLEAN, LabelType.CATEGORY] if _yes(facts) is not None else [LabelType.CATEGORY]
    elif facts.binary:
        kinds = [LabelType.BOOLEAN, LabelType.CATEGORY, LabelType.NUMBER]
    else:
        kinds = [LabelType.NUMBER, *([LabelType.CATEGORY] if facts.values else [])]
    return dict.fromkeys(kinds)


def _yes(facts: Facts) -> str | None:
    """Return which of two texts means yes."""
    lower = {str(value).strip().lower(): value for value in facts.values}
    if facts.distinct != 2 or len(lower) != 2 or not (_YES & set(lower) and _NO & set(lower)):
        return None
    return str(next(lower[word] for word in lower if word in _YES))


def _label(column: Column, kind: LabelType) -> Label:
    facts = column.facts
    if kind is LabelType.NUMBER:
        return Label(column, kind, "numbers", "{0}")
    if kind is LabelType.BOOLEAN:
        if facts.kind == "boolean":
            return Label(column, kind, "true or false in the data", "{0}", shares=facts.shares)
        if facts.binary:
            return Label(column, kind, "only ever 0 or 1", "{0} = 1", shares=facts.shares)
        yes = str(_yes(facts))
        shares = facts.shares if facts.values[1] == yes else facts.shares[::-1]
        return Label(column, kind, f"true where the data say {yes!r}", f"{{0}} = {text(yes)}", shares=shares)
    return _category(column)


def _category(column: Column) -> Label:
    facts, source = column.facts, _as_text(column.facts)
    answers = facts.rows - facts.nulls
    pairs = list(zip(_categories(facts.values), facts.shares, strict=True))
    kept = [(name, part) for name, part in pairs if part * answers >= FEWEST]
    why = f"{facts.distinct} different values"
    if len(kept) < len(pairs):
        rare = ", ".join(name for name, part in pairs if part * answers < FEWEST)
        why += f"; {rare} in fewer than {FEWEST} rows, too few to learn, so these count as without an answer"
        source = f"CASE WHEN {source} IN ({', '.join(text(name) for name, _ in kept)}) THEN {source} END"
    whole = math.fsum(part for _, part in kept)
    names, parts = tuple(name for name, _ in kept), tuple(part / whole for _, part in kept)
    return Label(column, LabelType.CATEGORY, why, source, names, parts)


def _as_text(facts: Facts) -> str:
    if facts.kind == "string":
        return "{0}"
    # 1.0 and 1 are one class: its name has no point
    return "CAST(CAST({0} AS BIGINT) AS VARCHAR)" if facts.kind == "number" else "CAST({0} AS VARCHAR)"


def _categories(values: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(
        str(value).lower() if isinstance(value, bool) else f"{value:.0f}" if isinstance(value, float) else str(value)
        for value in values
    )


def prior(label: Label, mean: float) -> float | dict[str, float]:
    """Return what is answered before there is a model: shares of the classes that sum to 1, or the mean."""
    if label.kind is LabelType.BOOLEAN:
        return round(label.shares[1], 3)
    if label.kind is LabelType.NUMBER:
        return float(f"{mean:.4g}")
    rounded = [round(share, 4) for share in label.shares]
    most = rounded.index(max(rounded))
    rounded[most] = round(1 - math.fsum(rounded[:most] + rounded[most + 1 :]), 4)
    return dict(zip(label.categories, rounded, strict=True))


def name(label: Label) -> str:
    """Return the column of features.sql that holds it."""
    taken = ("probability", "probabilities", "quantiles", "value")  # what an answer holds beside the label
    return f"{label.column.name}_label" if label.column.name in taken else label.column.name


def sql(label: Label, table: str) -> str:
    """Write the label's expression over its table."""
    return label.expression.format(f"{quoted(table)}.{quoted(label.column.name)}")
