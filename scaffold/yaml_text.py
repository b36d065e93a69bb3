"""The text of workload.yaml."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from scaffold import label as labels
from scaffold import sql_text
from scaffold.draft import Draft
from scaffold.facts import share
from scaffold.sql_text import known_at, record_id
from workloads.spec import LabelType

_WIDTH = 118


def comment(text: str, indent: int = 0) -> str:
    """Write a text as lines of comment."""
    lead = " " * indent + "# "
    lines = textwrap.wrap(text, _WIDTH - len(lead), break_long_words=False, break_on_hyphens=False)
    return "".join(f"{lead}{line}\n" for line in lines)


def value(one: Any) -> str:
    """Write a value on one line, in quotes where YAML would read something else."""
    if isinstance(one, list | tuple):
        return f"[{', '.join(value(part) for part in one)}]"
    if isinstance(one, Mapping):
        return "{" + ", ".join(f"{value(key)}: {value(part)}" for key, part in one.items()) + "}"
    text = yaml.safe_dump(one, default_flow_style=True, width=10**9, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def entry(name: str, one: Any, indent: int, note: str = "") -> str:
    """Write a field; one that is too long for a line continues on the next."""
    note = " ".join(note.split())  # a column may be called anything, also something with a line's end
    lead = f"{' ' * indent}{value(name)}: "
    text = value(one)
    if len(lead) + len(text) > _WIDTH:
        before = comment(note, indent) if note else ""
        if isinstance(one, str):
            folded = textwrap.indent(textwrap.fill(one, _WIDTH - indent - 2), " " * (indent + 2))
            return f"{before}{' ' * indent}{value(name)}: >-\n{folded}\n"
        return before + lead + _wrapped(one, len(lead)) + "\n"
    if note and len(lead) + len(text) + len(note) + 4 > _WIDTH:
        return comment(note, indent) + f"{lead}{text}\n"
    return f"{lead}{text}{f'  # {note}' if note else ''}\n"


def _wrapped(one: Any, column: int) -> str:
    """Write a list or mapping on several lines that begin at a column."""
    pairs = isinstance(one, Mapping)
    parts = [f"{value(key)}: {value(part)}" for key, part in one.items()] if pairs else [value(part) for part in one]
    text, used = "{" if pairs else "[", column + 1
    for index, part in enumerate(parts):
        end = ("}" if pairs else "]") if index == len(parts) - 1 else ","
        if used + len(part) + 2 > _WIDTH and index:
            text = text.rstrip() + "\n" + " " * (column + 1)
            used = column + 1
        text += part + end + " "
        used += len(part) + 2
    return text.rstrip()


def write(draft: Draft) -> str:
    """Write a workload file that explains itself."""
    parts = (
        _head(draft),
        _sources(draft),
        _examples(draft),
        _entities(draft),
        _features(draft),
        _label(draft),
        _check(draft),
        _holdout(draft),
        _estimator(draft),
        _gates(draft),
    )
    return "\n".join(part for part in parts if part)


def _head(draft: Draft) -> str:
    label = draft.choice.label
    text = "# yaml-language-server: $schema=../schema.json\n"
    text += comment(
        f"Written by `make workload` from what the data in {draft.origin} say. It is yours now: correct what you know "
        "better, above all the descriptions, which people read who ask the model."
    )
    text += entry("name", draft.name, 0, "its folder is called the same")
    text += comment("The question that the model answers, and when it is asked.")
    text += entry("description", _question(draft), 0)
    note = {
        LabelType.BOOLEAN: f"the share of true in the data: {share(label.shares[1]) if label.shares else ''}",
        LabelType.CATEGORY: "each category's share in the data",
        LabelType.NUMBER: "the mean in the data",
    }[label.kind]
    text += comment(f"What is answered before the first model exists: {note}.")
    return text + entry("prior", draft.prior, 0)


def _question(draft: Draft) -> str:
    label, place = draft.choice.label, draft.choice.table.source.place
    asked = f"Asked at {draft.choice.event_time.title}, with what is known then."
    if label.kind is LabelType.BOOLEAN:
        return f"Is {label.column.title} true of a row of {place}? {asked}"
    which = "Which" if label.kind is LabelType.CATEGORY else "How much"
    return f"{which} is {label.column.title} of a row of {place}? {asked}"


def _sources(draft: Draft) -> str:
    text = comment(
        "The tables that features.sql reads. In the lake each is a prefix raw/<source>/ with any number of Parquet, "
        "CSV or JSON Lines files. A row has to be fully known at its event_time. Columns are declared with types: "
        "string, integer, number, boolean, timestamp. Files may write a name in other case, and with other signs "
        "between its words."
    )
    text += "sources:\n"
    for stream in draft.streams:
        text += f"  {stream.name}:\n"
        text += entry("description", f"A row of {stream.place}.", 4)
        for name, one in stream.fields.items():
            text += entry(name, one, 4, stream.field_notes.get(name, ""))
        text += "    columns:\n"
        for name, one in stream.columns.items():
            text += entry(name, one, 6, stream.notes.get(name, ""))
        if stream.unread:
            text += comment("Not read by features.sql; a column is read when its line is no comment:", 6)
            text += "".join(f"      # {name}: {kind}\n" for name, kind in stream.unread.items())
    return text


def _examples(draft: Draft) -> str:
    text = comment(
        f"The view of features.sql with one row for each question: here, each row of {draft.choice.table.source.place}."
    )
    text += "examples:\n"
    text += entry("view", sql_text.EXAMPLES_VIEW, 2)
    text += entry("record_id", record_id(draft.choice), 2, "identifies an example; different in every row")
    return text + entry("event_time", "event_time", 2, "the moment of the question")


def _entities(draft: Draft) -> str:
    if not draft.histories:
        return ""
    text = comment(
        "Things with a history of their own. Each has a view of features.sql, and a feature group in the feature store "
        "from which whoever asks reads the newest values. Training joins each example to the newest row strictly "
        "before the question."
    )
    text += "entities:\n"
    for history in draft.histories:
        text += f"  {history.name}:\n"
        said = f"{history.key.title}, as it is known from {history.table.source.place}; a row at each of its rows."
        text += entry("description", said[:128], 4)
        text += entry("view", sql_text.history_view(history), 4)
        text += entry("record_identifier", history.key.name, 4, "in the history, and in the examples")
    return text


def _features(draft: Draft) -> str:
    text = comment(
        "The inputs of the model, in the order of its input contract: whoever asks is held to types, ranges and "
        "categories, and so is the training set. A range is what the data show with half its width more on both sides; "
        "what was never negative is kept so. `nullable: true` where the data have gaps. Narrow what you know better."
    )
    text += "features:\n"
    for feature in draft.features:
        text += f"  {feature.name}:\n"
        text += entry("description", feature.description, 4)
        if feature.owner:
            text += entry("from", feature.owner, 4)
        text += entry("type", feature.kind, 4)
        if feature.nullable:
            text += entry("nullable", True, 4, feature.gaps)
        if feature.age:
            text += entry("age", True, 4, "computed where the features are joined")
        if feature.range is not None:
            text += entry("range", list(feature.range), 4, feature.seen)
        if feature.categories:
            text += entry("categories", list(feature.categories), 4)
    return text


def _label(draft: Draft) -> str:
    label = draft.choice.label
    text = comment(f"What the model predicts. It was taken for a {label.kind}: {label.why}.")
    text += "label:\n"
    text += entry("name", labels.name(label), 2, "a column of the examples' view")
    text += entry("type", str(label.kind), 2)
    text += entry("description", f"{label.column.title} of {draft.choice.table.source.place}.", 2)
    text += entry("known_at", known_at(draft.choice), 2, "the column that says when the answer became known")
    if label.kind is LabelType.BOOLEAN:
        text += entry("threshold", 0.5, 2, "from this probability on the answer is true")
    if label.kind is LabelType.CATEGORY:
        text += comment("Every category, in the order of CSV answers.", 2)
        text += entry("categories", list(label.categories), 2)
    if draft.label_range is not None:
        text += comment(
            "What a label can be, with room for what was not seen yet; answers beyond it become the bound.", 2
        )
        text += entry("range", list(draft.label_range), 2, draft.label_seen)
    return text


def _check(draft: Draft) -> str:
    text = comment(
        "Limits of the training set as a whole: data beyond them end the pipeline before anything is trained. Half the "
        "rows that were seen is enough; the label may be as much rarer, or more frequent, as the limits say."
    )
    text += "check:\n"
    for name, (one, note) in draft.checks.items():
        text += entry(name, one, 2, note)
    return text


def _holdout(draft: Draft) -> str:
    held = draft.holdout
    text = comment(
        f"The newest part of the examples, which judges the model and is never trained on: here {held.rows:,} "
        f"examples, and {held.training:,} before it."
    )
    text += "holdout:\n"
    text += entry("share", held.share, 2, "of the time between the first and the last example")
    return text + entry("minimum_examples", held.minimum, 2, "fewest in it, of each class where there are classes")


def _estimator(draft: Draft) -> str:
    text = comment(
        "Any class with scikit-learn's interface. Gradient boosted trees need no scaling, and take missing values and "
        "categories as they are, so they are a good first model of a table."
    )
    text += "estimator:\n"
    text += entry("type", draft.estimator, 2)
    text += "  parameters:\n" if draft.parameters else "  parameters: {}\n"
    for name, one in draft.parameters.items():
        text += entry(name, one, 4, _PARAMETERS.get(name, ""))
    if draft.parameters:
        text += entry("categorical_parameter", "categorical_features", 2, "it is told which columns are categories")
    return text + entry("missing", "keep", 2, "missing numbers reach the class as NaN")


_PARAMETERS = {
    "learning_rate": "how much each tree corrects; smaller needs more trees",
    "max_iter": "number of trees",
    "max_leaf_nodes": "size of a tree; smaller for few rows",
    "min_samples_leaf": "fewest examples behind an answer; a fiftieth of the training part, from 5 to 50",
    "random_state": "the same data give the same model",
}


def _gates(draft: Draft) -> str:
    text = comment(
        "What a model must reach on the hold-out before it is registered. Each limit is halfway from what one answer "
        "for everybody (the prior) gives to what the first model gave when this file was written: a start, to be "
        "tightened."
    )
    text += "gates:\n  metrics:\n"
    for gate in draft.gates:
        note = f"prior {gate.floor:.4g}, first model {gate.reached:.4g}"
        if not gate.learns:
            note += (
                ": NOTHING LEARNED, so this is the prior's own value and keeps such models out; find better features"
            )
        text += entry(gate.metric, {gate.side: gate.limit}, 4, note)
    best = draft.gates[0]
    text += comment("A new model may be this much worse than the newest approved one, on the same hold-out.", 2)
    return text + entry("champion", {"metric": best.metric, "margin": draft.margin}, 2)
