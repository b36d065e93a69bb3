"""Raw files for a trial: those of a folder on this machine, laid out as they lie in the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.raw import RawFile
from trial import layout
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
    """Find the files of each source in a folder; `trial.layout` says which are a source's.

    Raises
    ------
    ProblemsError
        If there is no such folder, or a source has no files.
    """
    there = layout.sources(folder)
    problems = []
    for name in workload.sources:
        if name not in there:
            below = layout.root(folder) / name
            value = "no files" if below.is_dir() else f"no such folder; there are {', '.join(there)}"
            remedy = f"Put the files of {name} there, or correct the source's name in workload.yaml."
            rule = f"have files below {below}"
            problems.append(Problem(field=f"sources.{name}", rule=rule, value=value, remedy=remedy))
    if problems:
        raise ProblemsError(problems)
    return {
        name: [File(RawFile(there[name].key(path), path.read_bytes), of_file(path)) for path in there[name].files]
        for name in workload.sources
    }
