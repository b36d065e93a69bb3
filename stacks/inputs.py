"""What a person wrote: settings and workloads, and all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks import settings as reading
from stacks.choices import Choices
from stacks.settings import Settings, SettingsError
from stacks.together import clashes
from workloads.problems import ProblemsError
from workloads.spec import Workload, load


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A workload of an environment.

    Attributes
    ----------
    workload : Workload
        What its file says.
    file : str
        Path of the file, from the project's folder.
    choices : Choices
        What the environment chose for it.
    """

    workload: Workload
    file: str
    choices: Choices


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """An environment's settings, and its workloads in the order of the settings."""

    settings: Settings
    workloads: tuple[Chosen, ...]


class InputsError(ValueError):
    """Settings or workloads that break rules; the message names all of them at once."""


def read() -> Inputs:
    """Read the selected stack's settings and the workloads that they name.

    Raises
    ------
    pulumi.RunError
        With everything that is wrong, as Pulumi shows it: the message alone.
    """
    import pulumi  # noqa: PLC0415 (inputs are checked without Pulumi, too)

    try:
        return checked(*reading.given(), Path())  # so that errors name files as the settings do
    except InputsError as error:
        raise pulumi.RunError(str(error)) from error


def checked(environment: str, values: Mapping[str, Any], root: Path) -> Inputs:
    """Check settings and the workloads that they name.

    Parameters
    ----------
    environment : str
        The stack's name.
    values : mapping
        The settings, by name without namespace.
    root : Path
        The project's folder.

    Raises
    ------
    InputsError
        If a setting or a workload breaks a rule, or two workloads cannot be in one environment.
    """
    wrong: list[str] = []
    settings = None
    try:
        settings = Settings.from_mapping(environment, values)
    except SettingsError as error:
        wrong.append(str(error))
    files, loaded = reading.files_of(values), dict[str, Workload]()
    for file in dict.fromkeys(files):
        try:
            loaded[file] = load(root / file)
        except ProblemsError as error:
            wrong.append(str(error))
    entries = [(file, loaded[file]) for file in files if file in loaded]
    wrong += [str(problem) for problem in clashes(reading.prefix(environment), entries)]
    if wrong or settings is None:
        raise InputsError("\n".join(wrong))
    return Inputs(settings=settings, workloads=tuple(_chosen(settings, loaded)))


def _chosen(settings: Settings, loaded: Mapping[str, Workload]) -> Iterator[Chosen]:
    for entry in settings.workloads:
        yield Chosen(workload=loaded[entry.file], file=entry.file, choices=entry.over(settings))
