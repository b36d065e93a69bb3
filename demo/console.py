"""How the story is printed: a line a step with the resource it touched and the time it took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, soft_wrap=True)
Update = Callable[..., None]


class StoryError(Exception):
    """A step of the story failed; the message says what happened and what to do."""


def line(title: str, resource: str, text: str = "", seconds: float | None = None) -> None:
    """Print one line of the story.

    Parameters
    ----------
    title : str
        The step, one or two words.
    resource : str
        The AWS resource it touched, or an empty string.
    text : str, optional
        What happened.
    seconds : float, optional
        How long it took.
    """
    took = f" [dim]{seconds:.1f} s[/dim]" if seconds is not None else ""
    console.print(
        f"[bold]{escape(title):<11}[/bold]{escape(resource)}{'  ' if resource and text else ''}{escape(text)}{took}"
    )


def note(text: str) -> None:
    """Print a line that belongs to the step above it."""
    console.print(f"{'':<11}{escape(text)}")


class Step:
    """A running step: say what it works on with `say`, and how far it is with `advance`."""

    def __init__(self, title: str, progress: Progress, total: float | None) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total)

    def say(self, text: str) -> None:
        """Show what is being done now (only on a terminal; it leaves no line)."""
        self._progress.update(self._task, description=escape(text))

    def advance(self, by: float = 1) -> None:
        """Move the bar."""
        self._progress.advance(self._task, by)

    def to(self, done: float, total: float | None = None) -> None:
        """Set the bar."""
        self._progress.update(self._task, completed=done, total=total)


@contextlib.contextmanager
def step(text: str, total: float | None = None) -> Iterator[Step]:
    """Show a progress bar while something takes long.

    Parameters
    ----------
    text : str
        What is being done.
    total : float, optional
        How many parts there are; without it only the time runs.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = columns if total is not None else (columns[0], columns[1], columns[4])
    with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Step(text, progress, total)


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long ago it was made."""
        return time.monotonic() - self._start
