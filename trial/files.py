"""Raw files for a trial: those of a folder on this machine, laid out as they lie in the lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trial.digests import of_file
from workloads.problems import Problem, ProblemsError
from workloads.spec import Workload


@dataclass(frozen=True)
class File:
    """One raw file.

    Attributes
    ----------
    key : str
        ``raw/<source>/...``, as in the lake.
    digest : str
        Of its content, or the name of the object's version.
    read : callable
        Returns its bytes.
    place : str
        Where it is, for messages.
    """

    key: str
    digest: str
    read: Callable[[], bytes]
    place: str


Files = Mapping[str, Sequence[File]]
"""The files of each source."""


def of_folder(workload: Workload, folder: Path) -> Files:
    """Find the files of each source below ``raw/<source>/`` of a folder.

    Raises
    ------
    ProblemsError
        If there is no such folder, or a source has none.
    """
    if not folder.is_dir():
        remedy = "Name a folder that holds the events as raw/<source>/ with Parquet, CSV or JSON Lines files below."
        raise ProblemsError([Problem(field="FROM", rule="be a folder", value=str(folder), remedy=remedy)])
    found, problems = {}, []
    for name in workload.sources:
        below = folder / "raw" / name
        paths = sorted(path for path in below.rglob("*") if path.is_file()) if below.is_dir() else []
        found[name] = [
            File(path.relative_to(folder).as_posix(), of_file(path), path.read_bytes, str(path)) for path in paths
        ]
        if not paths:
            value = "no such folder" if not below.is_dir() else "no files"
            remedy = f"Put the files of {name} there, or correct the source's name in workload.yaml."
            problems.append(
                Problem(field=f"sources.{name}", rule=f"have files below {below}", value=value, remedy=remedy)
            )
    if problems:
        raise ProblemsError(problems)
    return found
