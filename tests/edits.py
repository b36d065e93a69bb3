"""Edits of a workload file and of an environment's settings: one for each field that there is, made from the models.

What is listed by hand is only how to make another value of a type (tests/other_values.py). A field whose type has no
way fails the test that asks for its edit, so that a new field cannot be forgotten.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from stacks.settings import Settings, SettingsError
from tests.other_values import others
from workloads.fields import Workload
from workloads.metrics import METRICS
from workloads.rules import broken_rules

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "workloads" / "flights"
Path_ = tuple[str | int, ...]
GONE = object()
OTHER = {"file": "workloads/other/workload.yaml"}
"""One more workload, whose folder whoever deploys it makes (tests/sandbox/changes.py)."""


@dataclass(frozen=True)
class Edit:
    """One change of a document.

    Attributes
    ----------
    field : str
        The field of the model, with a star for a name of the workload's own: ``features.*.type``.
    changes : tuple of (path, value)
        Where something becomes what; `GONE` where it is left out. What must change with the field is among them.
    refused : str
        Why the program does not accept it; empty if it does.
    """

    field: str
    changes: tuple[tuple[Path_, Any], ...]
    refused: str = ""

    @property
    def of_another_label(self) -> bool:
        """Whether only a label of another type has the field; the flights' is boolean."""
        return "must belong to a label of type" in self.refused

    def __str__(self) -> str:
        path, value = self.changes[0]
        shown = "left out" if value is GONE else json.dumps(value)
        return f"{'.'.join(map(str, path))}: {shown if len(shown) < 60 else shown[:57] + '...'}"

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document with the edit made."""
        made = copy.deepcopy(dict(document))
        for path, value in self.changes:
            inner: Any = made
            for key in path[:-1]:
                inner = inner[int(key)] if isinstance(inner, list) else inner.setdefault(key, {})
            _set(inner, path[-1], value)
        return made

    def meets(self, other: Edit) -> bool:
        """Tell whether two edits are about the same place."""
        pairs = ((mine, its) for mine, _ in self.changes for its, _ in other.changes)
        return any(_meet(mine, its) for mine, its in pairs)


def _set(inner: Any, key: Any, value: Any) -> None:
    if isinstance(inner, list) and key == len(inner):
        inner.append(value)
    elif value is GONE and isinstance(inner, dict):
        inner.pop(key, None)
    elif value is GONE:
        del inner[key]
    else:
        inner[key] = value


def _meet(mine: Path_, its: Path_) -> bool:
    """Tell whether two paths are one place, or one in the other, or an entry's choice and the default that it hides."""
    if all(one == two for one, two in zip(mine, its, strict=False)):
        return True
    return mine[-1] == its[-1] and "workloads" in (mine[0], its[0])


def workload_document() -> dict[str, Any]:
    """The reference workload as its file says it."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "workload.yaml").read_text(encoding="utf-8"))
    return found


def settings_document(environment: str = "local") -> dict[str, Any]:
    """An environment's settings as its file says them, with the flights alone, and its name."""
    written = yaml.safe_load((ROOT / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8"))["config"]
    found = {key.removeprefix("headrace:"): value for key, value in written.items()}
    return {"environment": environment, **found, "workloads": [{"file": "workloads/flights/workload.yaml"}]}


def workload_problem(document: Mapping[str, Any]) -> str:
    """Say why a workload document is not accepted; nothing if it is."""
    try:
        workload = Workload.model_validate(copy.deepcopy(dict(document)))
    except ValidationError as error:
        return str(error)
    return "; ".join(f"{'.'.join(map(str, where))} must {rule}" for where, rule, *_ in broken_rules(workload, FOLDER))


def settings_problem(document: Mapping[str, Any]) -> str:
    """Say why settings are not accepted; nothing if they are."""
    values = dict(document)
    try:
        Settings.from_mapping(values.pop("environment"), values)
    except SettingsError as error:
        return str(error)
    return ""


def workload_edits() -> list[Edit]:
    """One edit for each field of the workload and of its parts, one that changes feature groups where one does."""
    document = workload_document()

    def groups(edit: Edit) -> bool:
        made, before = (Workload.model_validate(found) for found in (edit.apply(document), document))
        return _definitions(made) != _definitions(before)

    return [_chosen(field, tries, document, workload_problem, groups) for field, tries in _fields(Workload, document)]


def settings_edits(environment: str = "local") -> list[Edit]:
    """One edit for each setting."""
    document = settings_document(environment)
    return [
        _chosen(field, tries, document, settings_problem, lambda _: True)
        for field, tries in _fields(Settings, document)
    ]


def _definitions(workload: Workload) -> dict[str, Any]:
    return {entity: workload.feature_definitions(entity) for entity in workload.entities}


def batches(
    edits: Sequence[Edit], document: Mapping[str, Any], problem: Callable[[Mapping[str, Any]], str]
) -> list[list[Edit]]:
    """Put edits together that can be made at once; those that are refused are left out."""
    found: list[list[Edit]] = []
    for edit in edits:
        if edit.refused:
            continue
        for batch in found:
            if not any(edit.meets(other) for other in batch) and not problem(together([*batch, edit], document)):
                batch.append(edit)
                break
        else:
            found.append([edit])
    return found


def together(edits: Sequence[Edit], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with all of some edits made."""
    made = dict(document)
    for edit in edits:
        made = edit.apply(made)
    return made


def _chosen(
    field: str,
    tries: Sequence[Edit],
    document: Mapping[str, Any],
    problem: Callable[[Mapping[str, Any]], str],
    hard: Callable[[Edit], bool],
) -> Edit:
    """Take the first hard edit that is accepted, else the first accepted; a field of which none is says why."""
    assert tries, f"{field} has a type of which no other value can be made: add a way to tests/other_values.py"
    told = {index: problem(edit.apply(document)) for index, edit in enumerate(tries)}
    accepted = [tries[index] for index, said in told.items() if not said]
    if accepted:
        return next((edit for edit in accepted if hard(edit)), accepted[0])
    return replace(tries[0], refused=told[0])


def _fields(model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[tuple[str, list[Edit]]]:
    """Yield each field with the edits of it that may be tried, from every place where a model of its kind stands."""
    found: dict[str, list[Edit]] = {}
    for edit in _walk(model, values, "", ()):
        found.setdefault(edit.field, []).append(edit)
    for field in _names(model, ""):
        yield field, found.get(field, [])


def _names(model: type[BaseModel], before: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{before}{field.alias or name}"
        inner, many = _inner(field.annotation)
        if inner is None:
            yield here
            continue
        yield from (f"{here} (more)", f"{here} (fewer)") if many else () if field.is_required() else (here,)
        yield from _names(inner, f"{here}.*." if many else f"{here}.")


def _walk(model: type[BaseModel], values: Mapping[str, Any], before: str, path: Path_) -> Iterator[Edit]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        value = values.get(key, None if field.is_required() else field.get_default(call_default_factory=True))
        here, at = f"{before}{key}", (*path, key)
        inner, many = _inner(field.annotation)
        if inner is None:
            for other in others(field.annotation, field, value):
                yield Edit(here, ((at, other), *_with(here, at, other, values)))
        elif many:
            for entry, content in _entries(value):
                for new, like in _more(field.annotation, entry, value):
                    yield Edit(f"{here} (more)", (((*at, new), {**content, **like}), *_copies(here, entry)))
                yield Edit(f"{here} (fewer)", (((*at, entry), GONE), *_copies(here, entry, gone=True)))
                # What an entry does not say is as it is around it: the same said again would be no edit.
                around = values if isinstance(value, list) else {}
                yield from _walk(inner, {**around, **content}, f"{here}.*.", (*at, entry))
        else:
            if not field.is_required():
                yield Edit(here, ((at, GONE),))
            yield from _walk(inner, value or {}, f"{here}.", at)


def _entries(value: Any) -> list[tuple[str | int, Any]]:
    """Return the entries of a mapping or a list, each with its name or number."""
    return list(enumerate(value)) if isinstance(value, list) else list((value or {}).items())


def _more(annotation: Any, entry: str | int, value: Any) -> Sequence[tuple[str | int, dict[str, Any]]]:
    """Names for one more entry like one that is there, and what differs; a metric's is one of those that there are."""
    if isinstance(value, list):
        return [(len(value), OTHER)]
    names = [f"{entry}_again", *(name for name in METRICS if name not in value)]
    return [(name, {}) for name in names]


def _with(field: str, path: Path_, value: Any, beside: Mapping[str, Any]) -> list[tuple[Path_, Any]]:
    """What must change with a field: some names are columns of the source, a class takes parameters of its own."""
    if field == "sources.*.event_time":
        return [((*path[:-1], "columns"), {**beside["columns"], value: "timestamp"})]
    if field == "sources.*.optional" and value != GONE:
        return [((*path[:-1], "columns"), {**beside["columns"], **dict.fromkeys(value, "number")})]
    if field == "estimator.type":
        return [((*path[:-1], name), GONE) for name in ("parameters", "categorical_parameter")]
    return []


def _copies(field: str, entry: str | int, *, gone: bool = False) -> list[tuple[Path_, Any]]:
    """What must come or go with an entry: an entity has features of its own."""
    if field != "entities":
        return []
    features = {name: one for name, one in workload_document()["features"].items() if one.get("from") == entry}
    if gone:
        return [(("features", name), GONE) for name in features]
    return [(("features", f"{name}_again"), {**one, "from": f"{entry}_again"}) for name, one in features.items()]


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model that a field holds, and whether it holds many by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for argument in get_args(annotation):
        inner, many = _inner(argument)
        if inner is not None:
            return inner, many or get_origin(annotation) in (dict, tuple)
    return None, False
