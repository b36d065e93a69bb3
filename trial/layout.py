"""Which files of a folder are which source, judged by where they lie and what they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from agreements import prefixes
from training.raw.files import holds_rows
from workloads.problems import Problem, ProblemsError
from workloads.source_rules import column_name

SUFFIXES = (".parquet", ".parq", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")
"""What names of files end in that hold rows, also with a compression's ending behind."""
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd", ".bz2")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST = 63  # characters of a source's name
# what tells the files of one table apart: a date, a number, or all that Spark writes after part-
_PART = re.compile(r"^part[-_]\d+.*$|(?:^|[-_. ])\d+(?:[-_. T]\d+)*$")


@dataclass(frozen=True)
class Source:
    """The files of one table.

    Attributes
    ----------
    name : str
        What the workload file calls it.
    place : str
        The folder or file that it was found in, relative to the folder that was searched.
    files : tuple of Path
        In the order of their names.
    root : Path
        The folder that was searched.
    """

    name: str
    place: str
    files: tuple[Path, ...]
    root: Path

    def key(self, file: Path) -> str:
        """Return the key that one of its files would have in the lake, from ``raw/`` on."""
        inside = file.relative_to(self.root).parts
        below = inside[1:] if len(inside) > 1 and "=" not in inside[0] else inside
        return prefixes.source(self.name) + "/".join(below)


def root(folder: Path) -> Path:
    """Return the folder that the sources lie in: ``raw`` below it, as in the lake, or itself."""
    lake = folder / prefixes.RAW
    return lake if lake.is_dir() else folder


def sources(folder: Path) -> dict[str, Source]:
    """Find the tables of a folder, or of the folder ``raw`` in it, by the names that a workload gives them.

    A sub-folder is a table with all files below it, however deep they lie (``year=2024/month=01/``). Files that lie in
    the folder itself are tables by their names without a number or date at the end; partitions in it are a table
    named after the folder. What lies beside the data of a sub-folder is of its table too, and told of by whoever reads
    it: a log, say, by which rows of the files are deleted.

    Raises
    ------
    ProblemsError
        If there is no such folder, nothing in it that can be read, or two tables with one name.
    """
    if not folder.is_dir():
        remedy = "Give the folder that holds the files, as FROM=data/trips."
        raise ProblemsError([Problem(field="FROM", rule="be a folder", value=str(folder), remedy=remedy)])
    top = root(folder)
    grouped: dict[str, list[Path]] = {}
    every = sorted(path for path in top.rglob("*") if path.is_file())
    data = [path for path in every if holds_rows(path.relative_to(top).as_posix()) and stem(path.name)]
    places = {path.relative_to(top).parts[0]: _place(path.relative_to(top)) for path in data}
    for path in every:
        inside = path.relative_to(top).parts
        if path in data or (len(inside) > 1 and inside[0] in places):
            grouped.setdefault(places[inside[0]], []).append(path)
    if not grouped:
        remedy = f"Put files there that end in {', '.join(SUFFIXES)}; a sub-folder for each table if there are several."
        others = sorted({path.suffix or path.name for path in every})[:10]
        value = f"{', '.join(others) or 'nothing'} in {folder}"  # what is there first: a long value is cut
        raise ProblemsError([Problem(field="FROM", rule="hold files of data", value=value, remedy=remedy)])
    own = top.resolve().name
    found: dict[str, Source] = {}
    problems = []
    for place, files in sorted(grouped.items()):
        name = source_name(place or own)
        if name in found:
            twice = [found[name].place, place or own]
            remedy = f"Both would be called {name}: rename one."
            problems.append(Problem(field="FROM", rule="hold tables of different names", value=twice, remedy=remedy))
        found[name] = Source(name, place or own, tuple(files), top)
    if problems:
        raise ProblemsError(problems)
    return found


def source_name(text: str) -> str:
    """Return the name by which a workload declares what a folder or file is called.

    Examples
    --------
    >>> source_name("Bike Rides"), source_name("2024 sales")
    ('bike_rides', 'source_2024_sales')
    """
    if _NAME.fullmatch(text):
        return text
    name = column_name(text)
    return (name if name[:1].isalpha() else f"source_{name}".rstrip("_"))[:_LONGEST]


def stem(name: str) -> str | None:
    """Return a file's name without its ending; None where it is none of data."""
    bare = name
    while bare.lower().endswith(_COMPRESSED):
        bare = bare.rpartition(".")[0]
    start, dot, ending = bare.rpartition(".")
    return start if dot + ending.lower() in SUFFIXES else None


def _place(path: Path) -> str:
    """Return the sub-folder or the stem that a file's table is named after; nothing for the folder's own."""
    if len(path.parts) > 1:
        return "" if "=" in path.parts[0] else path.parts[0]
    return _PART.sub("", stem(path.name) or "")
