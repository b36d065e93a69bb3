"""Request and answer bodies: JSON and CSV."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inference.answers import AnswerForm, Answers
from inference.contract import Row, validate
from inference.csv_rows import read_rows
from inference.headers import CSV
from workloads.problems import Problem, ProblemsError
from workloads.spec import Workload

_LONGEST_NAME = 80  # characters of an unknown name that are repeated
# The longer marks first: UTF-32's begins like UTF-16's.
_FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True)
class Unreadable:
    """A JSON number that no float holds, as it was sent; of no feature's type, so that validation names it."""

    text: str

    def __str__(self) -> str:
        """The number as it was sent."""
        return self.text


class _Object(dict[str, Any]):
    """A JSON object that remembers which names it was given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: list[str] = []
        if len(pairs) > len(self):
            counts = Counter(name for name, _ in pairs)
            self.repeated = [name for name, count in counts.items() if count > 1]


def read(workload: Workload, body: bytes, kind: str) -> list[Row]:
    """Parse and validate a request's body, with or without a byte-order mark.

    Parameters
    ----------
    kind : str
        One of `inference.headers.SUPPORTED`.

    Raises
    ------
    workloads.problems.ProblemsError
        If there is anything that cannot be read: the field, the rule, the value and the remedy of each.
    """
    text = _text(body)
    if kind == CSV:
        return validate(workload, read_rows(workload, text), name="rows")
    return _read_json(workload, text)


def write(workload: Workload, answers: Answers, model_digest: str, kind: str) -> bytes:
    """Write an answer.

    Parameters
    ----------
    workload : Workload
        Whose label says what an answer looks like.
    answers : ndarray of shape (n_samples, n_columns)
        See `inference.answers`.
    kind : str
        JSON, an object a row; or CSV, a line a row.

    Raises
    ------
    ValueError
        If the model answered something that is no answer.
    """
    form = AnswerForm.of(workload)
    broken = form.broken(answers)
    if broken:
        raise ValueError(f"The model {model_digest} did not answer row {broken[0]}: {broken[1]}.")
    rows: list[list[float]] = answers.tolist()
    threshold = workload.label.threshold
    if kind == CSV:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        # csv writes a float as repr does, which keeps every bit
        named = ([*row, form.label(row, threshold)] if form.categories else row for row in rows)
        writer.writerows(named)
        return text.getvalue().encode()
    predictions = [{**form.numbers(row), workload.label.name: form.label(row, threshold)} for row in rows]
    return json.dumps({"predictions": predictions, "model_digest": model_digest}).encode()


def _text(body: bytes) -> str:
    for mark, encoding in _FOREIGN_MARKS:
        if body.startswith(mark):
            remedy = 'Encode the body as UTF-8; a spreadsheet calls it "CSV UTF-8".'
            raise _refusal("body", "be UTF-8 text", f"{encoding} text", remedy)
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal("body", "be UTF-8 text", f"byte {error.start}", "Encode the body as UTF-8.") from error


def _read_json(workload: Workload, text: str) -> list[Row]:
    try:
        content = json.loads(
            text,
            parse_constant=_refuse_constant,  # NaN and Infinity are Python's, not JSON's
            parse_float=_number,
            parse_int=_number,
            object_pairs_hook=_Object,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise _refusal("body", "be JSON", place, f"Mend the syntax there: {error.msg}.") from error
    except RecursionError as error:
        raise _refusal("body", "be JSON of a few levels", "nested too deeply", "Send flat instances.") from error
    if not isinstance(content, dict) or not isinstance(content.get("instances"), list) or not content["instances"]:
        value = content if not isinstance(content, dict) else content.get("instances")
        remedy = 'Send {"instances": [{"feature": value, ...}, ...]}.'
        raise _refusal("instances", "be a list of at least one object", value, remedy)
    problems = [
        Problem(field=name[:_LONGEST_NAME], rule="be a known field", value=content[name], remedy="Leave it out.")
        for name in content
        if name != "instances"
    ]
    problems += _repeated(content, "")
    for index, instance in enumerate(content["instances"]):
        problems += _repeated(instance, f"instances[{index}].")
    if problems:
        raise ProblemsError(problems)
    return validate(workload, content["instances"])


def _number(text: str) -> int | float | Unreadable:
    """Read a number; `int` alone would take any length, and refuse more than 4,300 digits with an error of its own."""
    number = float(text)
    if not math.isfinite(number):
        return Unreadable(text)
    return int(text) if text.lstrip("-").isdigit() else number


def _repeated(content: Any, place: str) -> Iterator[Problem]:
    for name in content.repeated if isinstance(content, _Object) else ():
        yield Problem(
            field=f"{place}{name[:_LONGEST_NAME]}",
            rule="be given once",
            value=content[name],
            remedy="Remove all but one of them.",
        )


def _refuse_constant(name: str) -> Any:
    raise _refusal("body", "be JSON", name, "Send null where a value is missing.")


def _refusal(field: str, rule: str, value: Any, remedy: str) -> ProblemsError:
    return ProblemsError([Problem(field=field, rule=rule, value=value, remedy=remedy)])
