"""The text of features.sql."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from scaffold import label as labels
from scaffold.choice import Choice, History
from scaffold.draft import Draft
from scaffold.features import Feature, LeftOut
from scaffold.names import quoted

EXAMPLES_VIEW = "examples"
FILE = "features.sql"
_WIDTH = 118


def comment(text: str, indent: str = "") -> str:
    """Write a text as lines of comment."""
    lines = textwrap.wrap(text, _WIDTH - len(indent) - 3, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{indent}-- {line}\n" for line in lines)


def write(draft: Draft) -> str:
    """Write the views of a workload."""
    text = comment(
        "What the model is told, as views over the tables that workload.yaml declares as sources. This is DuckDB's SQL."
    )
    text += "--\n" + comment(
        "A row of a view may use only what was known at its event_time: whoever asks the model later cannot know more. "
        "Training joins each example to the newest row of each history strictly before the moment of the question."
    )
    for history in draft.histories:
        made = [feature for feature in draft.features if feature.owner == history.name]
        text += "\n" + _history(history, made, draft.left_out.get(history.table.source.name, ()))
    own = [feature for feature in draft.features if not feature.owner]
    left_out = draft.left_out.get(draft.choice.table.source.name, ())
    return text + "\n" + _examples(draft.choice, own, left_out, draft.histories)


def _examples(
    choice: Choice, features: Sequence[Feature], left_out: Sequence[LeftOut], histories: Sequence[History]
) -> str:
    table = quoted(choice.table.source.name)
    asked = f"{table}.{quoted(choice.event_time.name)}"
    text = comment(f"One row for each question that was asked: here, for each row of {choice.table.source.place}.")
    columns = [_identifier(choice, table)]
    columns.append(("", f"{asked} AS event_time", "the moment of the question"))
    keys = {history.key.name: history for history in histories}
    for name, history in keys.items():
        if choice.record_id is None or choice.record_id.name != name:
            columns.append(
                ("", f"CAST({table}.{quoted(history.key.name)} AS VARCHAR) AS {quoted(name)}", "joins the history")
            )
    columns += [("", _named(feature), feature.comment) for feature in features]
    columns.append(_label(choice, table))
    columns.append(_known_at(choice, table, asked))
    text += f"CREATE VIEW {EXAMPLES_VIEW} AS\nSELECT\n" + _list(columns) + f"FROM {table};\n"
    return text + _others(left_out, choice.table.source.place)


def _identifier(choice: Choice, table: str) -> tuple[str, str, str]:
    if choice.record_id is not None:
        title = quoted(choice.record_id.name)
        return "", f"CAST({table}.{title} AS VARCHAR) AS {quoted(record_id(choice))}", "identifies the example"
    why = (
        "No column is different in every row, so the identifier is computed of the row's content; rows that are alike "
        "in everything are numbered."
    )
    content = f"md5(CAST({table} AS VARCHAR))"
    number = f"row_number() OVER (PARTITION BY {content})"
    return comment(why, "    "), f"{content} || '-' || {number} AS {record_id(choice)}", ""


def record_id(choice: Choice) -> str:
    """Return the column of the view that identifies an example."""
    return choice.record_id.name if choice.record_id is not None else "record_id"


def _label(choice: Choice, table: str) -> tuple[str, str, str]:
    label = choice.label
    expression = labels.sql(label, table)
    name = labels.name(label)
    as_name = "" if expression.endswith(f".{quoted(name)}") else f" AS {quoted(name)}"
    return "", f"{expression}{as_name}", f"the answer; a row that lacks it is not trained on ({label.why})"


def _known_at(choice: Choice, table: str, asked: str) -> tuple[str, str, str]:
    if choice.known_at is not None:
        column = f"{table}.{quoted(choice.known_at.name)} AS {known_at(choice)}"
        if not choice.known_at_guessed:
            return "", column, "when the answer became known"
        why = (
            f"ASSUMPTION: {choice.known_at.title} says when the answer became known. It is the one time that is never "
            "before the question."
        )
        return comment(why, "    "), column, ""
    what = "at once" if choice.horizon.startswith("0 ") else f"{choice.horizon} after the question"
    why = (
        f"ASSUMPTION: the answer is known {what}. If it takes longer, say so here: until then nobody could have "
        "trained on it, and training leaves out what was not known when the hold-out begins."
    )
    return comment(why, "    "), f"{asked} + INTERVAL '{choice.horizon}' AS {known_at(choice)}", ""


def known_at(choice: Choice) -> str:
    """Return the column of the view that says when the answer became known."""
    return "label_known_at"


def _named(feature: Feature) -> str:
    bare = feature.expression.rpartition(".")[2]
    return feature.expression if bare == quoted(feature.name) else f"{feature.expression} AS {quoted(feature.name)}"


def _list(columns: Sequence[tuple[str, str, str]]) -> str:
    """Write the columns of a SELECT, each with a comment before it or behind it."""
    text = ""
    for index, (before, column, behind) in enumerate(columns):
        comma = "," if index < len(columns) - 1 else ""
        note = f"  -- {' '.join(behind.split())}" if behind else ""
        if len(column) + len(note) > _WIDTH - 5:
            text += comment(behind, "    ")
            note = ""
        text += f"{before}    {column}{comma}{note}\n"
    return text


def _others(left_out: Iterable[LeftOut], place: str) -> str:
    lines = [comment(f"{one.column}: {one.why}.", "").replace("-- ", "--   ", 1) for one in left_out]
    if not lines:
        return ""
    return comment(f"Columns of {place} that the model is not told, and why:") + "".join(lines)


def _history(history: History, features: Sequence[Feature], left_out: Sequence[LeftOut]) -> str:
    table, key, at = (
        quoted(name) for name in (history.table.source.name, history.column.name, history.event_time.name)
    )
    name = quoted(history.key.name)
    text = comment(
        f"The history of {history.name}: a row for each row of {history.table.source.place}, with what was known of it "
        "from then on. Of several rows at the same moment one is kept, always the same one."
    )
    columns = [("", f"CAST({key} AS VARCHAR) AS {name}", ""), ("", f"{at} AS event_time", "")]
    columns += [("", _named(feature), feature.comment) for feature in features if not feature.age]
    told = [column for feature in features for column in feature.columns]
    order = ", ".join(quoted(column) for column in dict.fromkeys(told)) or key
    latest = ", ".join(f"{column} DESC" for column in order.split(", "))
    text += f"CREATE VIEW {history_view(history)} AS\nSELECT\n" + _list(columns) + f"FROM {table}\n"
    text += f"WHERE {key} IS NOT NULL\n"
    text += "WINDOW\n"
    text += f"    newest AS (PARTITION BY {key} ORDER BY {at}, {order} ROWS BETWEEN 4 PRECEDING AND CURRENT ROW),\n"
    text += (
        f"    month AS (PARTITION BY {key} ORDER BY {at} RANGE BETWEEN INTERVAL 30 DAYS PRECEDING AND CURRENT ROW)\n"
    )
    text += f"QUALIFY row_number() OVER (PARTITION BY {key}, {at} ORDER BY {latest}) = 1;\n"
    return text + _others(left_out, history.table.source.place)


def history_view(history: History) -> str:
    """Return the name of an entity's view."""
    return f"{history.name}_history"
