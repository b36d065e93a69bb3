"""An environment's settings: the only reader of Pulumi's configuration, and usable without Pulumi."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from components.subscribers import masked, protocol_of
from stacks.choices import CHOICES, Choices, Rule, WorkloadEntry

NAMESPACE = "headrace"
LOCAL = "local"
LOCAL_ACCOUNT = "000000000000"
_OLD_NAME = "workload"
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


class SettingsError(ValueError):
    """Settings that break rules; the message names all of them at once."""


def is_local(environment: str) -> bool:
    """Tell whether an environment is on this machine: its name begins with ``local``."""
    return environment.startswith(LOCAL)


def prefix(environment: str) -> str:
    """Return what an environment's names begin with that other systems must know."""
    return f"{NAMESPACE}-{environment}"


def _own_accounts(accounts: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    local = is_local(str(info.data.get("environment")))
    if (local and accounts != (LOCAL_ACCOUNT,)) or (not local and LOCAL_ACCOUNT in accounts):
        raise ValueError
    return accounts


def _known_retention(days: int) -> int:
    if days not in _RETENTIONS:
        raise ValueError
    return days


def _subscribers(endpoints: tuple[str, ...]) -> tuple[str, ...]:
    if not all(protocol_of(endpoint) for endpoint in endpoints) or len(set(endpoints)) < len(endpoints):
        raise ValueError
    return endpoints


def _structured(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]


class Settings(Choices):
    """Everything that differs between environments; the choices are what a workload has that makes none of its own.

    Attributes
    ----------
    environment : str
        The stack's name: local, dev, staging, prod, or one of your own.
    region : str
        Where everything is.
    allowed_account_ids : tuple of str
        The accounts that the environment may touch. One whose name begins with ``local`` may touch 000000000000, which
        is nobody's, and only it.
    workloads : tuple of WorkloadEntry
        The workloads, none twice.
    notify : tuple of str
        Who hears of alarms and of releases that did not happen: e-mail addresses, ``https://`` endpoints, ARNs of SQS
        queues. Each but a queue of the account must confirm.
    log_retention_days : int
        Days that logs are kept.
    owns_job_logs : bool
        Whether the environment has the log groups of the account's SageMaker jobs, which one environment can have.
    force_destroy : bool
        Whether destroying the environment deletes data and images too.
    """

    environment: Annotated[
        str,
        # No hyphen: headrace-dev-a-b is workload a-b of dev, and must not be workload b of dev-a, too.
        Field(pattern=r"^[a-z][a-z0-9]{0,15}$"),
        Rule(
            "1 to 16 lower-case letters and digits, a letter first",
            "Name the stack so: it is in names, and a hyphen in it would let two environments meet in one.",
        ),
    ]
    region: Annotated[Region, Rule("an AWS region", "Give a name such as eu-west-1.")]
    allowed_account_ids: Annotated[
        tuple[AccountId, ...],
        BeforeValidator(_structured),
        Field(min_length=1),
        AfterValidator(_own_accounts),
        Rule(
            f"a list of account ids of 12 digits: [{LOCAL_ACCOUNT!r}] for an environment whose name begins with "
            f"`{LOCAL}`, and never that one for others",
            "List the accounts that this environment may touch, each in quotes.",
        ),
    ]
    workloads: Annotated[
        tuple[WorkloadEntry, ...],
        BeforeValidator(_structured),
        Field(min_length=1),
        Rule(
            "a list of workload files, or of objects with a `file` and what differs for it",
            "Write [workloads/flights/workload.yaml].",
        ),
    ]
    notify: Annotated[
        tuple[str, ...],
        BeforeValidator(_structured),
        AfterValidator(_subscribers),
        Rule(
            "a list of e-mail addresses, https:// endpoints and ARNs of standard SQS queues, each once",
            "Set it encrypted, so that no address stands in the file: "
            f"""pulumi config set --secret {NAMESPACE}:notify '["ADDRESS"]'.""",
        ),
    ] = ()
    log_retention_days: Annotated[
        int,
        AfterValidator(_known_retention),
        Rule("a retention that CloudWatch Logs knows", "Choose 30, 90, 365 or another that its documentation lists."),
    ] = 90
    owns_job_logs: Annotated[
        bool,
        Rule(
            "true or false", "Say true in one environment of an account and region, where no SageMaker job ran before."
        ),
    ] = False
    force_destroy: Annotated[
        bool, Rule("true or false", "Say true only where nobody would miss the data after a destroy.")
    ] = False

    @property
    def prefix(self) -> str:
        """What the names begin with that other systems must know."""
        return prefix(self.environment)

    @classmethod
    def from_mapping(cls, environment: str, values: Mapping[str, Any]) -> Self:
        """Check `values`, keys without namespace.

        Raises
        ------
        SettingsError
            Naming every setting that breaks its rule, is missing, or is unknown.
        """
        given = {"environment": environment, **values}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = list(dict.fromkeys(_problems(error, given)))
        raise SettingsError(
            "\n".join([f"The settings of environment {environment!r} cannot be used:", *(f"  - {p}" for p in problems)])
        )


def given() -> tuple[str, dict[str, Any]]:
    """Return the selected stack's name and its configuration: every key of namespace ``headrace``, without it."""
    import pulumi  # noqa: PLC0415 (settings are checked without Pulumi, too)
    from pulumi.runtime import config  # noqa: PLC0415 (pulumi.Config cannot list its keys)

    return pulumi.get_stack(), _ours({**config.get_config_env(), **config.CONFIG.get()})


def written(file: Path) -> dict[str, Any]:
    """Return what a settings file says: every key of namespace ``headrace``, without it; secrets stay encrypted."""
    return _ours((yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("config") or {})


def _ours(config: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{NAMESPACE}:"
    return {key.removeprefix(start): value for key, value in config.items() if key.startswith(start)}


def files_of(values: Mapping[str, Any]) -> list[str]:
    """Return the workload files that settings name, as far as they can be read, right or wrong."""
    entries = _structured(values.get("workloads"))
    if not isinstance(entries, list | tuple):
        return []
    found = [entry.get("file") if isinstance(entry, dict) else entry for entry in entries]
    return [file for file in found if isinstance(file, str)]


def _problems(error: ValidationError, given: Mapping[str, Any]) -> Iterator[str]:
    for detail in error.errors():
        field = str(detail["loc"][0])
        if field == _OLD_NAME:
            yield (
                f"`{NAMESPACE}:{field}` must be `{NAMESPACE}:workloads`, a list, got {given[field]!r}. "
                f"Write `{NAMESPACE}:workloads: [{given[field]}]`."
            )
        elif field != "workloads" or _OLD_NAME not in given:
            yield _problem(detail, given)


def _problem(detail: ErrorDetails, given: Mapping[str, Any]) -> str:
    """Say what is wrong with a setting, or with a field of a workload's entry."""
    field, *within = str(detail["loc"][0]), *detail["loc"][1:]
    model: type[BaseModel] = Settings
    name, got = f"{NAMESPACE}:{field}", _shown(field, given[field]) if field in given else "nothing"
    if field == "environment":
        name = "the stack's name"
    if within and field == "workloads":
        entry = _structured(given[field])[within[0]]
        name, got = f"{name}[{within[0]}]", repr(entry)
        if len(within) > 1:
            model, field = WorkloadEntry, str(within[1])
            values = {"file": entry} if isinstance(entry, str) else entry
            name, got = f"{name}.{field}", repr(values[field]) if field in values else "nothing"
    if detail["type"] == "extra_forbidden":
        own = [one for one in model.model_fields if one not in ("environment", *CHOICES)]
        known = ", ".join([*own, *CHOICES])
        return f"`{name}` must be one of {known}, got an unknown name. Correct the name or remove it."
    rule = _rule(model.model_fields[field].metadata)
    return f"`{name}` must be {rule.must_be}, got {got}. {rule.remedy}"


def _shown(field: str, value: Any) -> str:
    """Write a value as an error shows it: addresses are nobody's business."""
    value = _structured(value)
    if field == "notify":
        return repr([masked(str(entry)) for entry in value] if isinstance(value, list | tuple) else masked(str(value)))
    return repr(value)


def _rule(metadata: Sequence[Any]) -> Rule:
    return next(entry for entry in metadata if isinstance(entry, Rule))
