"""Raw files for a trial: those of a folder on this machine, laid out as they lie in the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training import raw
from training.raw import RawFile
from trial.digests import of_file
from workloads.problems import Problem, ProblemsError
from workloads.spec import Workload


@dataclass(frozen=True)
class File:
    """One raw file.

    Attributes
    ----------
    raw : RawFile
        Its key, ``raw/<source>/...`` as in the lake, and what reads it.
    digest : str
        Of its content, or of the name of an object's version.
    """

    raw: RawFile
    digest: str


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
        found[name] = [File(one, of_file(folder / one.key)) for one in raw.below(folder, name)]
        if not found[name]:
            value = "no such folder" if not below.is_dir() else "no files"
            remedy = f"Put the files of {name} there, or correct the source's name in workload.yaml."
            rule = f"have files below {below}"
            problems.append(Problem(field=f"sources.{name}", rule=rule, value=value, remedy=remedy))
    if problems:
        raise ProblemsError(problems)
    return found
