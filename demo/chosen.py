"""Which of an environment's workloads a story is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from demo.console import StoryError
from stacks.settings import NAMESPACE, files_of, written
from workloads.problems import ProblemsError
from workloads.spec import Workload, load

ALL = "all"


def chosen(stack: str, names: Sequence[str], root: Path = Path()) -> list[Workload]:
    """Return the workloads of these names, in the order in which they were asked for.

    Parameters
    ----------
    stack : str
        The environment, whose settings file names its workloads.
    names : sequence of str
        Names, or ``all``.
    root : Path
        The project's folder.

    Raises
    ------
    StoryError
        If there are no such settings, a workload's file breaks rules, or a name is none of theirs.
    """
    settings = root / f"Pulumi.{stack}.yaml"
    if not settings.is_file():
        raise StoryError(f"there must be settings of the environment {stack}: {settings} is not there")
    try:
        known = {workload.name: workload for workload in (load(root / file) for file in files_of(written(settings)))}
    except ProblemsError as error:
        raise StoryError(f"nothing is deployed:\n{error}") from error
    wrong = [name for name in names if name not in (*known, ALL)]
    if wrong:
        raise StoryError(
            f"WORKLOAD must be {ALL} or of {', '.join(known)}, which {settings.name} names, got {', '.join(wrong)}. "
            f"Add the workload's file to {NAMESPACE}:workloads there."
        )
    return list(known.values()) if ALL in names else [known[name] for name in dict.fromkeys(names)]
