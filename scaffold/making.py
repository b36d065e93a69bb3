"""A workload made of a folder of data: read, chosen, drafted, measured, and put in its place at once."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scaffold import label as labels
from scaffold import measure, reading, sql_text, tests_text
from scaffold.answers import Answers
from scaffold.build import draft
from scaffold.choice import Choice, said
from scaffold.choose import choose
from scaffold.draft import Draft
from scaffold.tables import Table
from training import features
from trial import Trial, layout
from workloads import spec
from workloads.problems import Problem, ProblemsError

WORKLOADS = Path(__file__).parents[1] / "workloads"
_NAME = re.compile(r"[a-z](-?[a-z0-9])+")
_LONGEST_NAME = 22
Say = Callable[[str, str], None]
"""Told what a line is about, and the line."""


@dataclass(frozen=True)
class Made:
    """A workload that was written.

    Attributes
    ----------
    folder : Path
        Where it lies.
    draft : Draft
        What its files say.
    trial : Trial
        What trying it found.
    """

    folder: Path
    draft: Draft
    trial: Trial


def look(name: str, data: Path | None, workloads: Path) -> dict[str, Table]:
    """Read the tables of a folder for a workload that is to be made.

    Raises
    ------
    ProblemsError
        If the name cannot be a new workload's, or the folder holds nothing to read: all at once.
    """
    problems = list(_name_problems(name, workloads))
    found: dict[str, layout.Source] = {}
    try:
        if data is None:
            remedy = "Give the folder that holds the files, as FROM=data/trips."
            raise ProblemsError([Problem(field="FROM", rule="name a folder of data", missing=True, remedy=remedy)])
        found = layout.sources(data)
    except ProblemsError as error:
        problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return reading.tables(found)


def _name_problems(name: str, workloads: Path) -> Iterator[Problem]:
    if not name:
        remedy = "It becomes the name of its folder, its pipeline and its endpoint."
        yield Problem(field="NAME", rule="name the workload", missing=True, remedy=f"Give one, as NAME=trips. {remedy}")
    elif not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        remedy = "AWS's names are made of it: write it as bike-trips."
        rule = f"be at most {_LONGEST_NAME} lower-case letters, digits and single hyphens, and begin with a letter"
        yield Problem(field="NAME", rule=rule, value=name, remedy=remedy)
    elif (workloads / name).exists() or (workloads / f"{name.replace('-', '_')}.py").exists():
        remedy = "Nothing is written over: choose another name, or remove that folder first if you do not need it."
        yield Problem(field="NAME", rule="be no folder yet", value=f"{workloads.name}/{name}", remedy=remedy)


def make(
    name: str, data: Path, tables: dict[str, Table], answers: Answers, *, say: Say, workloads: Path = WORKLOADS
) -> Made:
    """Write a workload.

    Parameters
    ----------
    name : str
        What it is called.
    data : Path
        The folder of its data.
    tables : dict of str to Table
        See `look`.
    answers : Answers
        What somebody said.
    say : callable
        Told what was found.
    workloads : Path
        Where its folder comes to lie.

    Raises
    ------
    ProblemsError
        If something has to be asked (`scaffold.answers.UnansweredError`), or cannot be.
    """
    choice = choose(tables, answers)
    said(choice, tables, say)
    # beside the place where it comes to lie, so that one rename puts it there; git knows nothing of that folder
    unfinished = workloads.parent / ".headrace"
    unfinished.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="workload-", dir=unfinished) as place:
        at = Path(place) / name
        made, trial = _without_leaks(name, data, choice, at)
        (at / tests_text.file_name(name)).write_text(_test(made, at), encoding="utf-8")
        try:
            os.rename(at, workloads / name)  # noqa: PTH104 - it fails where somebody else made the folder meanwhile
        except OSError as error:
            problem = next(_name_problems(name, workloads), None)
            raise ProblemsError([problem]) if problem else error from error
    return Made(workloads / name, made, trial)


def _without_leaks(name: str, data: Path, choice: Choice, at: Path) -> tuple[Draft, Trial]:
    """Draft and measure a workload, and leave out what turns out to be the answer."""
    barred: dict[str, str] = {}
    while True:
        made = draft(name, data.resolve().name, choice, barred)
        try:
            return measure.with_gates(made, data, at)
        except ProblemsError as error:
            found = measure.leaks(error, made)
            if not found:
                raise
            barred |= found


def _test(made: Draft, at: Path) -> str:
    workload = spec.load(at / "workload.yaml")
    sources = {made.choice.table.source.name: made.choice.table}
    sources |= {history.table.source.name: history.table for history in made.histories}
    facts = {
        stream.name: {name: sources[stream.name].columns[name].facts for name in stream.columns}
        for stream in made.streams
    }
    shown: dict[str, set[str]] = {name: set() for name in sources}
    owners = {history.name: history.table.source.name for history in made.histories}
    for feature in made.features:
        if feature.categories:
            shown[owners.get(feature.owner, made.choice.table.source.name)] |= set(feature.columns)
    if made.choice.label.categories or made.choice.label.column.facts.kind == "string":
        shown[made.choice.table.source.name].add(made.choice.label.column.name)
    rows = tests_text.made_up(facts, shown)
    for history in made.histories:  # the same things in both, so that the join has something to find
        own = rows[made.choice.table.source.name][history.key.name]
        rows[history.table.source.name][history.column.name] = own
    examples = features.compute(workload, tests_text.tables(rows, facts)).examples
    told = examples.select([*workload.features, labels.name(made.choice.label)]).to_pylist()
    return tests_text.write(made.name, rows, facts, told)


def summary(made: Made) -> Iterator[tuple[str, str]]:
    """Tell what was made."""
    draft = made.draft
    asked = [feature for feature in draft.features if not feature.owner]
    yield "features", f"{len(draft.features)}, {len(asked)} of them from whoever asks"
    left = [one for own in draft.left_out.values() for one in own]
    if left:
        yield "left out", f"{', '.join(one.column for one in left)}: {sql_text.FILE} says why"
    yield "hold-out", f"{draft.holdout.rows:,} examples, the newest {draft.holdout.share:.0%} of the time"
    for gate in draft.gates:
        yield (
            "gate",
            f"{gate.metric} {gate.side} {gate.limit:g} (prior {gate.floor:.4g}, first model {gate.reached:.4g})",
        )
        if not gate.learns:
            yield "", "nothing was learned: the columns say no more than the prior, and such a model will not pass"
