"""From chosen columns to a whole workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np

from scaffold import features as proposals
from scaffold import judgement
from scaffold import label as labels
from scaffold.choice import Choice
from scaffold.draft import Draft, Stream
from scaffold.facts import share, widened
from scaffold.features import Feature, LeftOut, Moments
from scaffold.judgement import GATED, Holdout
from scaffold.names import quoted, unlike
from scaffold.sql_text import known_at, record_id
from scaffold.tables import TIMESTAMP_FORMS, UNITS, Table
from workloads.problems import Problem, ProblemsError
from workloads.spec import LabelType

_ESTIMATORS = {
    LabelType.BOOLEAN: "sklearn.ensemble.HistGradientBoostingClassifier",
    LabelType.CATEGORY: "sklearn.ensemble.HistGradientBoostingClassifier",
    LabelType.NUMBER: "sklearn.ensemble.HistGradientBoostingRegressor",
}


def draft(name: str, origin: str, choice: Choice, barred: Mapping[str, str] | None = None) -> Draft:
    """Make a workload without gates.

    Parameters
    ----------
    name, origin : str
        Of the workload, and of the folder that the data were found in.
    choice : Choice
        Which column has which part.
    barred : dict of str to str, optional
        Features that it must not have, and why.

    Raises
    ------
    ProblemsError
        If no column is left for a feature, or no hold-out can be cut off.
    """
    made, left_out = _features(choice, barred or {})
    asked, known, answers = _answers(choice)
    held = judgement.holdout(asked, known, None if choice.label.kind is LabelType.NUMBER else answers)
    problems = [*_nothing_to_tell(made, left_out, choice), *_no_holdout(held, choice)]
    if problems:
        raise ProblemsError(problems)
    number = choice.label.kind is LabelType.NUMBER
    mean = float(np.mean(answers)) if number else 0.0
    facts = choice.label.column.facts
    return Draft(
        name=name,
        origin=origin,
        choice=choice,
        streams=tuple(_streams(choice, made, left_out)),
        features=tuple(made),
        left_out={source: tuple(own) for source, own in left_out.items()},
        prior=labels.prior(choice.label, mean),
        label_range=widened(facts.low, facts.high, whole=False) if number else None,
        label_seen=f"seen: {facts.low:.4g} to {facts.high:.4g}" if number else "",
        checks=_checks(choice, answers),
        holdout=held,
        estimator=_ESTIMATORS[choice.label.kind],
        parameters=judgement.parameters(held.training),
        gates=(),
        margin=0.0,
    )


def _features(choice: Choice, barred: Mapping[str, str]) -> tuple[list[Feature], dict[str, list[LeftOut]]]:
    source = choice.table.source.name
    parts = {choice.label.column.name: "", choice.event_time.name: ""}
    parts |= {column.name: "" for column in (choice.known_at, choice.record_id) if column is not None}
    parts |= {
        history.key.name: f"it joins the history of {history.name}"
        for history in choice.histories
        if history.key is not choice.record_id
    }
    found: list[Feature] = []
    left_out: dict[str, list[LeftOut]] = {source: []}
    own = proposals.of_columns(choice.table, Moments(choice.event_time, choice.label.column), parts)
    made: Iterable[tuple[str, Feature | LeftOut]] = [
        *((source, one) for one in own),
        *((source, one) for one in proposals.of_moment(choice.event_time, choice.table)),
        *((history.table.source.name, one) for history in choice.histories for one in proposals.of_history(history)),
    ]
    for owner, one in made:
        left_out.setdefault(owner, [])
        if isinstance(one, LeftOut):
            if one not in left_out[owner]:
                left_out[owner].append(one)
        else:
            found.append(one)
    taken = {record_id(choice), "event_time", known_at(choice), labels.name(choice.label)}
    taken |= {history.key.name for history in choice.histories}
    called = unlike((feature.name for feature in found), taken)
    renamed = [replace(feature, name=called[feature.name]) for feature in found]
    for feature in renamed:
        if feature.name in barred:
            owner = next((one.table.source.name for one in choice.histories if one.name == feature.owner), source)
            left_out[owner].append(LeftOut(feature.name, barred[feature.name], "".join(feature.columns[:1])))
    return [feature for feature in renamed if feature.name not in barred], left_out


def _answers(choice: Choice) -> tuple[Any, Any, Any]:
    """Return when each answered example was asked and its answer known, and the answer."""
    at = quoted(choice.event_time.name)
    known = quoted(choice.known_at.name) if choice.known_at else f"{at} + INTERVAL '{choice.horizon}'"
    answer = choice.label.expression.format(quoted(choice.label.column.name))
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", choice.table.rows)
        found = database.sql(
            f"SELECT epoch_us({at}) AS asked, epoch_us({known}) AS known, {answer} AS answer FROM rows "  # noqa: S608
            "WHERE answer IS NOT NULL AND known IS NOT NULL"
        ).to_arrow_table()
    times = (found[name].to_numpy().astype("datetime64[us]") for name in ("asked", "known"))
    return (*times, found["answer"].to_numpy(zero_copy_only=False))


def _nothing_to_tell(made: list[Feature], left_out: Mapping[str, list[LeftOut]], choice: Choice) -> Iterator[Problem]:
    if not any(feature.name not in ("asked_weekday", "asked_hour") for feature in made):
        why = "; ".join(f"{one.column}: {one.why}" for own in left_out.values() for one in own)
        others = (
            f"The others were left out ({why})" if why else "It has no others than the label, times and identifiers"
        )
        remedy = f"{others}. Add columns that were known when the question was asked."
        value = choice.table.source.place
        yield Problem(field="FROM", rule="have a column that a model can learn from", value=value, remedy=remedy)


def _no_holdout(held: Holdout, choice: Choice) -> Iterator[Problem]:
    if not held.usable:
        value = f"{held.training} examples before the hold-out, {held.smallest} of the rarest class in it"
        if choice.label.kind is LabelType.NUMBER:
            value = f"{held.training} examples before the hold-out, {held.rows} in it"
        remedy = (
            f"The newest part of the time from {choice.event_time.about} has to judge what was learned before, with "
            "every class on both sides: bring more rows, or name another EVENT_TIME"
            + (" or HORIZON." if not choice.known_at else ".")
        )
        yield Problem(
            field="EVENT_TIME", rule="part the examples in an older and a newer part", value=value, remedy=remedy
        )


def _streams(choice: Choice, made: Iterable[Feature], left_out: Mapping[str, list[LeftOut]]) -> Iterator[Stream]:
    made = list(made)
    own: dict[str, tuple[Table, list[str]]] = {choice.table.source.name: (choice.table, [])}
    keys = [history.key.name for history in choice.histories]
    parts = [choice.label.column, choice.event_time, choice.known_at, choice.record_id]
    own[choice.table.source.name][1].extend([*(part.name for part in parts if part is not None), *keys])
    for history in choice.histories:
        _, names = own.setdefault(history.table.source.name, (history.table, []))
        names.extend([history.column.name, history.event_time.name])
    owners = {history.name: history.table.source.name for history in choice.histories}
    for feature in made:
        own[owners.get(feature.owner, choice.table.source.name)][1].extend(feature.columns)
    times = {choice.table.source.name: choice.event_time.name}
    times |= {history.table.source.name: history.event_time.name for history in choice.histories}
    for name, (table, used) in own.items():
        yield _stream(table, times[name], used, choice, left_out.get(name, []))


def _stream(table: Table, event_time: str, used: list[str], choice: Choice, left_out: list[LeftOut]) -> Stream:
    columns = {name: column for name, column in table.columns.items() if name in used}
    fields: dict[str, Any] = {"event_time": event_time}
    notes: dict[str, str] = {}
    said: dict[str, str] = {"event_time": "when a row is fully known"}
    asked = table is choice.table
    if any(column.time in ("naive", "date") for column in columns.values()):
        fields["zone"] = "UTC"
        said["zone"] = "ASSUMPTION: its times and dates say no zone, and are taken for UTC"
    forms = {}
    for name, column in columns.items():
        if column.time in TIMESTAMP_FORMS:
            forms[name] = TIMESTAMP_FORMS[column.time]
            if column.time == "date" and not (asked and name == event_time):
                forms[name] = "end_of_day"
        if column.time in UNITS:
            notes[name] = f"whole numbers, by their size {column.time} since 1970"
        elif column.time == "date":
            notes[name] = "ASSUMPTION: a date, taken for the " + forms[name].replace("_", " ")
        elif column.title != name:
            notes[name] = f"the files call it {column.title!r}"
    if forms:
        fields["timestamps"] = forms
        said["timestamps"] = "what the columns cannot say themselves"
    optional = [name for name in table.optional if name in columns]
    if optional:
        fields["optional"] = optional
        said["optional"] = "some files lack them; they are null there"
    if table.null_values:
        fields["null_values"] = list(table.null_values)
        said["null_values"] = "texts among numbers that stand for no value"
    rest = {one.name: table.columns[one.name].facts.kind for one in left_out if one.name and one.name not in columns}
    return Stream(
        name=table.source.name,
        place=table.source.place,
        fields=fields,
        columns={name: column.facts.kind for name, column in columns.items()},
        notes=notes,
        field_notes=said,
        unread=rest,
    )


def _checks(choice: Choice, answers: Any) -> dict[str, tuple[Any, str]]:
    label, rows = choice.label, len(answers)
    checks: dict[str, tuple[Any, str]] = {"minimum_rows": (max(1, rows // 2), f"seen: {rows:,}")}
    if label.kind is LabelType.BOOLEAN:
        checks["label_share"] = (list(judgement.share_limits(label.shares)), f"of true; seen: {share(label.shares[1])}")
    elif label.kind is LabelType.CATEGORY:
        seen = f"of every category; seen: {share(min(label.shares))} of the rarest"
        checks["class_share"] = (judgement.class_limit(label.shares), seen)
    else:
        mean, deviation = float(np.mean(answers)), float(np.std(answers))
        seen = f"seen: {mean:.4g}, with a standard deviation of {deviation:.4g}"
        checks["label_mean"] = (list(judgement.mean_limits(mean, deviation)), seen)
    missing = 1 - rows / choice.table.rows.num_rows
    if missing > 0.1:
        checks["unanswered"] = (round(min(1.0, missing * 1.5), 2), f"share without an answer; seen: {share(missing)}")
    return checks


def judged(made: Draft, floor: Mapping[str, float], reached: Mapping[str, float]) -> Draft:
    """Return the workload with gates.

    Parameters
    ----------
    floor, reached : mapping of str to float
        Metrics on the hold-out: of one answer for everybody, and of the first model.
    """
    gates = tuple(judgement.gate(name, floor[name], reached[name]) for name in GATED[made.choice.label.kind])
    first = gates[0]
    margin = -float(f"{abs(first.reached - first.floor) / 10:.1g}")
    return replace(made, gates=gates, margin=margin or -0.01)
