"""What a rehearsal looks at: one question a line, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from rehearse.asking import NotAllowedError
from workloads.problems import Problem

_AT_ONCE = 8  # questions; AWS answers each in a fraction of a second, and there are hundreds


class UnknownAnswerError(Exception):
    """AWS could be asked and its answer says nothing; the message says why."""


@dataclass(frozen=True)
class Check:
    """One question.

    Attributes
    ----------
    subject : str
        What it is about, as ``endpoint/headrace-dev-flights``.
    ask : callable
        Returns what to say where all is well, or everything that is not.
    """

    subject: str
    ask: Callable[[], str | list[Problem]]


@dataclass(frozen=True)
class Outcome:
    """What came of a check.

    Attributes
    ----------
    said : str
        For a check that passed: in short, what was found. For one that could not be made: why.
    problems : tuple of Problem
        What AWS would refuse.
    asked : bool
        Whether there was an answer.
    """

    subject: str
    said: str = ""
    problems: tuple[Problem, ...] = ()
    asked: bool = True


def run(checks: Iterable[Check]) -> Iterator[Outcome]:
    """Ask everything and yield what came of it, in the checks' order; nothing stops at the first problem."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(_outcome, checks)


def _outcome(check: Check) -> Outcome:
    try:
        answer = check.ask()
    except NotAllowedError as refused:
        return Outcome(check.subject, f"allow {refused.action} to ask", asked=False)
    except (UnknownAnswerError, ClientError, BotoCoreError) as error:
        return Outcome(check.subject, str(error), asked=False)
    if isinstance(answer, str):
        return Outcome(check.subject, answer)
    return Outcome(check.subject, problems=tuple(answer))
