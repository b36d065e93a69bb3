"""Reading a workload file: every broken rule at once, each with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, get_args

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from workloads.fields import Source, Workload
from workloads.problems import Problem, ProblemsError
from workloads.rules import broken_rules

Location = tuple[str | int, ...]


_BOOLEAN = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """PyYAML's, with the booleans of YAML 1.2, as editors know them: in 1.1 the country NO is false, and ON is true."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != _BOOLEAN]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


class _Lines:
    """The values of a YAML file, and the line on which each begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []

    def values(self) -> Any:
        text = self._text()
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self._refuse("file", line, "be YAML", str(error.problem), "Mend the syntax on this line.")
        if not isinstance(node, yaml.MappingNode):
            self._refuse(
                "file", 1, "be a mapping of fields", None, "See workloads/flights/workload.yaml for an example."
            )
        self.lines[()] = 1
        return self._mapping(node, ())

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._refuse("file", 0, "exist", str(self.path), "Name the workload.yaml of a folder in workloads/.")
        except UnicodeDecodeError:
            self._refuse("file", 0, "be UTF-8 text", str(self.path), "Save the file as UTF-8.")

    def _refuse(self, field: str, line: int, rule: str, value: Any, remedy: str) -> NoReturn:
        raise ProblemsError([Problem(field=field, rule=rule, value=value, remedy=remedy, place=f"{self.path}:{line}")])

    def _value(self, node: yaml.Node, location: Location) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self._element(item, (*location, index)) for index, item in enumerate(node.value)]
        loader = _Loader("")
        try:
            return loader.construct_object(node, deep=True)
        finally:
            loader.dispose()

    def _element(self, node: yaml.Node, location: Location) -> Any:
        self.lines[location] = node.start_mark.line + 1
        return self._value(node, location)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in values:
                first = self.lines[(*location, key)]
                remedy = f"Remove one of the two; the first is on line {first}."
                rule, field = "be given once", dotted((*location, key))
                self.problems.append(Problem(field=field, rule=rule, value=key, remedy=remedy, place=self.place(line)))
            self.lines[(*location, key)] = line
            values[key] = self._value(value_node, (*location, key))
        return values

    def place(self, line: int) -> str:
        return f"{self.path}:{line}"

    def place_of(self, location: Location) -> str:
        while location not in self.lines:
            location = location[:-1]
        return self.place(self.lines[location])


def read(path: Path, *, run_sql: bool = True) -> Workload:
    """Read and check a workload file; see `workloads.spec.load`."""
    lines = _Lines(path)
    values = lines.values()
    problems = list(lines.problems)
    workload = None
    try:
        workload = Workload.model_validate(values)
    except ValidationError as error:
        problems += [_from_pydantic(detail, lines) for detail in error.errors()]
    if workload is not None:
        for location, rule, value, remedy in broken_rules(workload, path.parent, trained=not run_sql):
            place = lines.place_of(location)
            problems.append(Problem(field=dotted(location), rule=rule, value=value, remedy=remedy, place=place))
    if run_sql and not any(problem.field.startswith("sources") for problem in problems):
        problems += _of_sql(values, None if problems else workload, path, lines)
    if problems or workload is None:
        raise ProblemsError(sorted(problems, key=lambda problem: _where(problem, path)))
    return workload.read_from(path.parent)


def _of_sql(values: dict[str, Any], workload: Workload | None, path: Path, lines: _Lines) -> list[Problem]:
    """Run the SQL, if there is one, and compare it with the workload where that is right so far."""
    from workloads import sql  # noqa: PLC0415 - DuckDB takes 0.1 s and 30 MB, which a model that answers does not need

    script = path.parent / "features.sql"
    if not script.is_file():
        return []
    sources = TypeAdapter(dict[str, Source]).validate_python(values["sources"])
    return list(sql.problems(sources, workload, script, lines.place_of))


def _where(problem: Problem, first: Path) -> tuple[bool, int]:
    file, _, line = problem.place.rpartition(":")
    return file != str(first), int(line)


def dotted(location: Location) -> str:
    """Write a location as ``features.carrier.range[0]``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _from_pydantic(detail: ErrorDetails, lines: _Lines) -> Problem:
    # pydantic adds a last part of its own to the location of a mapping's key
    location = tuple(part for part in detail["loc"] if part != "[key]")
    place, field = lines.place_of(location), dotted(location)
    if detail["type"] == "missing":
        description = _description(location)
        return Problem(field=field, rule="be given", remedy=f"Add it. {description}", missing=True, place=place)
    if detail["type"] == "extra_forbidden":
        return Problem(
            field=field, rule="be a known field", value=detail["input"], remedy=_suggestion(location), place=place
        )
    message = detail["msg"].removeprefix("Input should ").removeprefix("String should ").removeprefix("Value should ")
    rule = message[0].lower() + message[1:]
    remedy = _description(location) or "Correct the value."
    return Problem(field=field, rule=rule, value=detail["input"], remedy=remedy, place=place)


def _suggestion(location: Location) -> str:
    model = _model(location[:-1])
    if model is None:
        return "Remove it."
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Remove it; the fields here are {', '.join(known)}."


def _model(location: Location) -> type[BaseModel] | None:
    """Find the pydantic model that describes what stands at a location."""
    model: type[BaseModel] | None = Workload
    inside_mapping = False
    for part in location:
        if inside_mapping:
            inside_mapping = False
            continue
        if model is None:
            return None
        field = _field(model, part)
        if field is None:
            return None
        models = list(_models(field.annotation))
        inside_mapping = getattr(field.annotation, "__origin__", None) is dict
        model = models[0] if models else None
    return model


def _description(location: Location) -> str:
    for end in range(len(location), 0, -1):
        model = _model(location[: end - 1])
        field = _field(model, location[end - 1]) if model else None
        if field is not None:
            return field.description or (_first_line(list(_models(field.annotation))))
    return ""


def _first_line(models: list[type[BaseModel]]) -> str:
    return (models[0].__doc__ or "").splitlines()[0] if models else ""


def _field(model: type[BaseModel], name: str | int) -> Any:
    for field_name, field in model.model_fields.items():
        if name == (field.alias or field_name):
            return field
    return None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
