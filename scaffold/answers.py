"""What no data can say: asked for where it was not given, checked where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from workloads.problems import Problem, ProblemsError


@dataclass(frozen=True)
class Answers:
    """What was given, as ``make workload`` takes it.

    Attributes
    ----------
    label : str
        ``source.column`` or ``column``: what the model is to predict.
    label_type : str
        ``boolean``, ``category`` or ``number``, where numbers may be either.
    event_time : tuple of str
        A column of each source, ``source.column`` where its name alone does not say which.
    known_at : str
        The column that says when the label became known.
    horizon : str
        How long after its event time a label becomes known, where no column says it: ``30 days``.
    record_id : str
        The column that identifies an example.
    entity : tuple of str
        Columns of the examples whose history lies in other sources.
    """

    label: str = ""
    label_type: str = ""
    event_time: tuple[str, ...] = ()
    known_at: str = ""
    horizon: str = ""
    record_id: str = ""
    entity: tuple[str, ...] = ()

    def changed(self, name: str, text: str) -> Answers:
        """Return these answers with one more, as somebody typed it."""
        known = getattr(self, name)
        answer: Any = (*known, *parts(text)) if isinstance(known, tuple) else text.strip()
        return replace(self, **{name: answer})

    def as_arguments(self) -> Iterator[tuple[str, str]]:
        """Yield variable and value of what was given."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value:
                yield one.name.upper(), value if isinstance(value, str) else ",".join(value)


def parts(text: str) -> tuple[str, ...]:
    """Take a list that is written with commas apart."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True)
class Question:
    """Something that only the data's owner knows.

    Attributes
    ----------
    name : str
        The field of `Answers`.
    what : str
        What it is, a phrase.
    candidates : sequence of tuple of str and str
        What may be meant, the likeliest first, each with what the data say about it.
    """

    name: str
    what: str
    candidates: Sequence[tuple[str, str]] = field(default=())

    @property
    def variable(self) -> str:
        """What ``make workload`` calls it."""
        return self.name.upper()

    def problem(self) -> Problem:
        """Return the question as a problem of somebody who cannot be asked."""
        shown = ", ".join(f"{name} ({about})" if about else name for name, about in self.candidates[:12])
        more = f", and {len(self.candidates) - 12} more" if len(self.candidates) > 12 else ""
        first = self.candidates[0][0] if self.candidates else "..."
        remedy = f"Give {self.variable}={first}, if that is it; it may be {shown}{more}."
        return Problem(field=self.variable, rule=f"name {self.what}", missing=True, remedy=remedy)


class UnansweredError(ProblemsError):
    """Questions that are open, and what is wrong with the answers that were given."""

    def __init__(self, questions: Sequence[Question], problems: Sequence[Problem] = ()) -> None:
        self.questions = tuple(questions)
        super().__init__([*problems, *(question.problem() for question in questions)])


def ask(question: Question, read: Callable[[str], str], say: Callable[[str], None]) -> str:
    """Ask somebody at a terminal, until the answer is one of the candidates or a text of their own.

    Parameters
    ----------
    read : callable
        Shows a prompt and returns a line; `input`.
    """
    say(f"\nWhich is {question.what}?")
    for number, (name, about) in enumerate(question.candidates, 1):
        say(f"  {number:2} {name}  {about}")
    by_number: Mapping[str, str] = {str(number): name for number, (name, _) in enumerate(question.candidates, 1)}
    while True:
        given = read(f"{question.variable} (number or name): ").strip()
        if given:
            return by_number.get(given, given)
