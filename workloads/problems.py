"""What is wrong with an input, said so that its owner can mend it: field, rule, value and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_LONGEST_VALUE = 80


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One broken rule.

    Attributes
    ----------
    field : str
        Dotted path of the field, as ``features.carrier.type`` or ``instances[0].distance``.
    rule : str
        What must hold, as a phrase after "must": ``be at least 0``.
    remedy : str
        What to do, a sentence.
    value : Any
        What was found; None with `missing` where nothing was.
    missing : bool
        Whether the field is absent, so that there is no value to show.
    place : str
        ``file:line`` where there is a file, else empty.
    """

    field: str
    rule: str
    remedy: str
    value: Any = None
    missing: bool = False
    place: str = ""

    def __str__(self) -> str:
        """One line: where, which field, which rule, which value, what to do."""
        found = "it is missing" if self.missing else f"got {shown(self.value)}"
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.field} must {self.rule}, {found}. {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """The form that an HTTP answer carries; without ``value`` where the field is missing."""
        answer = {"field": self.field, "rule": f"must {self.rule}", "remedy": self.remedy}
        return answer if self.missing else {**answer, "value": shown(self.value)}


class ProblemsError(ValueError):
    """Several broken rules, reported together.

    Attributes
    ----------
    problems : tuple of Problem
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown(value: Any) -> str:
    """Write a value as JSON, shortened to 80 characters."""
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError):  # nested deeper, or an integer longer, than Python writes
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
