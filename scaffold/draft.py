"""A workload before it is text: all that its three files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scaffold.choice import Choice, History
from scaffold.features import Feature, LeftOut
from scaffold.judgement import Gate, Holdout


@dataclass(frozen=True)
class Stream:
    """A source as the file declares it.

    Attributes
    ----------
    name, place : str
        What it is called, and where its files lay.
    fields : dict of str to Any
        Its fields but ``columns``.
    columns : dict of str to Any
        By name, as the file declares them.
    notes, field_notes : dict of str to str
        What a reader should know of a column, and of a field.
    unread : dict of str to str
        Columns that features.sql does not read, with their types.
    """

    name: str
    place: str
    fields: Mapping[str, Any]
    columns: Mapping[str, Any]
    notes: Mapping[str, str]
    field_notes: Mapping[str, str]
    unread: Mapping[str, str]


@dataclass(frozen=True)
class Draft:
    """All that the files of a workload say.

    Attributes
    ----------
    name, origin : str
        Of the workload, and of the folder that the data were found in.
    choice : Choice
        Which column has which part.
    streams : tuple of Stream
        The sources.
    features : tuple of Feature
        Of the examples and of the histories, in the order of the input contract.
    left_out : dict of str to tuple of LeftOut
        The columns of each source that are no features.
    prior, label_range, label_seen
        What is answered without a model; what a number can be, and what was seen.
    checks : dict of str to tuple of value and str
        Limits of the training set, each with a note.
    holdout : Holdout
    estimator, parameters
        Import path and keyword arguments.
    gates : tuple of Gate
    margin : float
        By how much a new model must be better than the approved one.
    """

    name: str
    origin: str
    choice: Choice
    streams: tuple[Stream, ...]
    features: tuple[Feature, ...]
    left_out: Mapping[str, tuple[LeftOut, ...]]
    prior: float | dict[str, float]
    label_range: tuple[float | None, float | None] | None
    label_seen: str
    checks: Mapping[str, tuple[Any, str]]
    holdout: Holdout
    estimator: str
    parameters: Mapping[str, Any]
    gates: tuple[Gate, ...]
    margin: float

    @property
    def histories(self) -> tuple[History, ...]:
        """The entities."""
        return self.choice.histories
