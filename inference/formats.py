"""Request and answer bodies: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from inference.contract import Row, validate
from workloads.problems import Problem, ProblemsError
from workloads.spec import FeatureType, Workload

JSON = "application/json"
CSV = "text/csv"
SUPPORTED = (JSON, CSV)
_ANY = ("", "*/*", "application/*")


class UnsupportedTypeError(Exception):
    """The body's or the answer's media type is not one of `SUPPORTED`."""

    def __init__(self, field: str, value: str) -> None:
        rule = f"be one of {', '.join(SUPPORTED)}"
        self.problem = Problem(field=field, rule=rule, value=value, remedy=f"Send {field}: {JSON} or {field}: {CSV}.")
        super().__init__(str(self.problem))


def media_type(header: str, field: str) -> str:
    """Find which supported type a Content-Type or Accept header names first.

    Raises
    ------
    UnsupportedTypeError
    """
    for part in header.split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in SUPPORTED:
            return kind
        if kind in _ANY and field == "Accept":
            return JSON
    raise UnsupportedTypeError(field, header)


def read(workload: Workload, body: bytes, kind: str) -> list[Row]:
    """Parse and validate a request's body.

    Raises
    ------
    workloads.problems.ProblemsError
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal("body", "be UTF-8 text", f"byte {error.start}", "Encode the body as UTF-8.") from error
    return _read_json(workload, text) if kind == JSON else _read_csv(workload, text)


def write(workload: Workload, probabilities: Sequence[float], model_digest: str, kind: str) -> bytes:
    """Write an answer: JSON with probability and label, or one probability a line of CSV."""
    if kind == CSV:
        return "".join(f"{probability!r}\n" for probability in probabilities).encode()
    label = workload.label
    predictions = [
        {"probability": probability, label.name: probability >= label.threshold} for probability in probabilities
    ]
    return json.dumps({"predictions": predictions, "model_digest": model_digest}).encode()


def _read_json(workload: Workload, text: str) -> list[Row]:
    try:
        # NaN and Infinity are Python's, not JSON's
        content = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise _refusal("body", "be JSON", place, f"Mend the syntax there: {error.msg}.") from error
    except RecursionError as error:
        raise _refusal("body", "be JSON of a few levels", "nested too deeply", "Send flat instances.") from error
    if not isinstance(content, dict) or not isinstance(content.get("instances"), list) or not content["instances"]:
        value = content if not isinstance(content, dict) else content.get("instances")
        remedy = 'Send {"instances": [{"feature": value, ...}, ...]}.'
        raise _refusal("instances", "be a list of at least one object", value, remedy)
    unknown = [name for name in content if name != "instances"]
    if unknown:
        raise ProblemsError(
            Problem(field=name, rule="be a known field", value=content[name], remedy="Leave it out.")
            for name in unknown
        )
    return validate(workload, content["instances"])


def _refuse_constant(name: str) -> Any:
    raise _refusal("body", "be JSON", name, "Send null where a value is missing.")


def _read_csv(workload: Workload, text: str) -> list[Row]:
    names = list(workload.features)
    try:
        lines = [cells for cells in csv.reader(io.StringIO(text), strict=True) if cells]
    except csv.Error as error:
        raise _refusal("body", "be CSV", str(error), "Quote cells that hold commas, quotes or line ends.") from error
    if not lines:
        raise _refusal("body", "have at least one row", "", f"Send the columns {', '.join(names)}.")
    if [cell.strip() for cell in lines[0]] == names:
        raise _refusal("rows[0]", "hold values", "column names", "Leave the header line out.")
    problems = [
        Problem(
            field=f"rows[{index}]",
            rule=f"have {len(names)} columns",
            value=len(cells),
            remedy=f"Send the columns {', '.join(names)}, in this order.",
        )
        for index, cells in enumerate(lines)
        if len(cells) != len(names)
    ]
    if problems:
        raise ProblemsError(problems)
    kinds = [feature.type for feature in workload.features.values()]
    rows = [{name: _cell(kind, cell) for name, kind, cell in zip(names, kinds, cells, strict=True)} for cells in lines]
    return validate(workload, rows, name="rows")


def _cell(kind: FeatureType, cell: str) -> Any:
    """Read a cell as its feature's type; what cannot be read stays text, and validation names it."""
    text = cell.strip()
    if not text:
        return None
    if kind is FeatureType.BOOLEAN:
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    if kind is FeatureType.CATEGORY:
        return text
    try:
        return float(text)
    except ValueError:
        return text


def _refusal(field: str, rule: str, value: Any, remedy: str) -> ProblemsError:
    return ProblemsError([Problem(field=field, rule=rule, value=value, remedy=remedy)])
