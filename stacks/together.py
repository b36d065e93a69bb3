"""Which workloads cannot be in one environment: names that meet or grow too long, and sources that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from components.catalogue import RESULTS_PREFIX
from components.endpoint import CAPTURE_PREFIX
from components.endpoint import LONGEST_NAME as LONGEST_ENDPOINT
from components.features import LONGEST_NAME as LONGEST_GROUP
from workloads.problems import Problem
from workloads.spec import Workload

_FIELD = "headrace:workloads"
_TAKEN = frozenset(prefix.rstrip("/") for prefix in (CAPTURE_PREFIX, RESULTS_PREFIX))
# A role's policies may have 10,240 characters. Of prepare's, this much is left for what grows with a workload's file:
# two folders for each source, and the ARN of each entity's feature group, in the partition with the longest name.
_ROOM = 6320
_SOURCE_ROOM, _ENTITY_ROOM = 65, 72

Entry = tuple[str, Workload]
"""A workload, and the path of its file."""


def clashes(prefix: str, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield why workloads cannot be together in an environment.

    Parameters
    ----------
    prefix : str
        What the environment's names begin with: ``headrace-local``.
    entries : sequence of (str, Workload)
        Paths of files with the workloads that they hold, in the settings' order.
    """
    for file, workload in entries:
        yield from _alone(prefix, file, workload)
    for index, (file, workload) in enumerate(entries):
        for other_file, other in entries[index + 1 :]:
            if workload.name == other.name:
                remedy = f"Take one of the two out, or name it differently; the other one is {file}."
                yield Problem(field=_FIELD, rule="name no workload twice", value=other.name, remedy=remedy,
                              place=other_file)  # fmt: skip
                continue
            yield from _groups(prefix, (file, workload), (other_file, other))
            yield from _groups(prefix, (other_file, other), (file, workload))
            yield from _sources((file, workload), (other_file, other))


def _alone(prefix: str, file: str, workload: Workload) -> Iterator[Problem]:
    name = f"{prefix}-{workload.name}"
    if workload.name in _TAKEN:
        remedy = "The lake keeps its own files under that name: choose another one."
        rule = f"not be one of {', '.join(sorted(_TAKEN))}"
        yield Problem(field="name", rule=rule, value=workload.name, remedy=remedy, place=file)
    if len(name) > LONGEST_ENDPOINT:
        rule = f"give an endpoint name of at most {LONGEST_ENDPOINT} characters"
        remedy = f"Shorten it, or the stack's name, by {len(name) - LONGEST_ENDPOINT}."
        yield Problem(field="name", rule=rule, value=name, remedy=remedy, place=file)
    for entity in workload.entities:
        group = f"{name}-{entity}"
        if len(group) > LONGEST_GROUP:
            rule = f"give a feature group name of at most {LONGEST_GROUP} characters"
            remedy = f"Shorten it, the workload's or the stack's name, by {len(group) - LONGEST_GROUP}."
            yield Problem(field=f"entities.{entity}", rule=rule, value=group, remedy=remedy, place=file)
    takes = sum(len(source) * 2 + _SOURCE_ROOM for source in workload.sources) + sum(
        len(f"{name}-{entity}") + _ENTITY_ROOM for entity in workload.entities
    )
    if takes > _ROOM:
        rule = f"fit with the entities into the policy of the role that reads them, {_ROOM} characters"
        remedy = "Name fewer sources or entities, or give them shorter names: split the workload in two."
        yield Problem(field="sources", rule=rule, value=takes, remedy=remedy, place=file)


def _groups(prefix: str, one: Entry, other: Entry) -> Iterator[Problem]:
    """A later version of one's feature group would have the name of the other's."""
    (file, workload), (other_file, second) = one, other
    groups = {f"{prefix}-{second.name}-{entity}": entity for entity in second.entities}
    for entity in workload.entities:
        base = f"{prefix}-{workload.name}-{entity}"
        for name, its in groups.items():
            if re.fullmatch(rf"{re.escape(base)}-v\d+", name):
                rule = f"give no feature group the name of a later version of {base}, which is {workload.name}'s"
                remedy = f"Rename the entity, or the workload here or in {file}."
                yield Problem(field=f"entities.{its}", rule=rule, value=name, remedy=remedy, place=other_file)


def _sources(one: Entry, other: Entry) -> Iterator[Problem]:
    """Two workloads that name one source must agree on the types of the columns that both name."""
    (file, workload), (other_file, second) = one, other
    for name in sorted(workload.sources.keys() & second.sources.keys()):
        columns, others = workload.sources[name].columns, second.sources[name].columns
        for column in sorted(columns.keys() & others.keys()):
            if columns[column] != others[column]:
                field = f"sources.{name}.columns.{column}"
                rule = f"have the type that {file} gives it, {columns[column]}"
                remedy = "The lake has one table for a source: give the column the type that it has in the files."
                yield Problem(field=field, rule=rule, value=others[column], remedy=remedy, place=other_file)
