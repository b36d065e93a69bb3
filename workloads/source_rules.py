"""Rules of a source: what it says of its columns must be about columns that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workloads.fields import Source
from workloads.label_rules import BrokenRule


def column_name(text: str) -> str:
    """Return the name by which a column of a file is found: lower case, ``_`` for what is no letter or digit."""
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")


def source_rules(name: str, source: Source) -> Iterator[BrokenRule]:
    """Find what is wrong between the fields of a source."""
    here = ("sources", name)
    if source.columns.get(source.event_time) != "timestamp":
        remedy = "Rows count as known from their event time on, so give the column as `timestamp`."
        yield (*here, "event_time"), "name a timestamp column of the source", source.event_time, remedy
    for column in source.optional:
        if column not in source.columns:
            yield (*here, "optional"), "name columns of the source", column, "Add it to `columns`, or remove it here."
        if column == source.event_time:
            remedy = "A row without an event time is known at no moment: remove it here."
            yield (*here, "optional"), "not name the event time", column, remedy
    for column, form in source.timestamps.items():
        if source.columns.get(column) != "timestamp":
            remedy = "Give it in `columns` as `timestamp`, or remove it here."
            yield (*here, "timestamps", column), "be a timestamp column of the source", column, remedy
        if form.endswith("_of_day") and source.zone is None:
            remedy = "Days begin at other moments elsewhere: add it, such as `zone: UTC` or `zone: America/New_York`."
            yield (*here, "timestamps", column), "stand beside the source's `zone`", form, remedy
    alike: dict[str, list[str]] = {}
    for column in source.columns:
        alike.setdefault(column_name(column), []).append(column)
    for names in alike.values():
        if len(names) > 1:
            remedy = "Files may write a name with other signs between its words: rename one of them."
            yield (*here, "columns", names[1]), "differ from the others in letters and digits", names[1], remedy
