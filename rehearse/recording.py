"""``python -m rehearse.recording``: turns what a demo did in the local cloud into ``calls.jsonl``.

The local cloud writes its decisions down (``decisions.jsonl`` in its folder of state): who did what to what, with which
condition keys. Here the names of that environment become the program's own, and what differs from run to run alone
(executions, digests, versions of objects) becomes one.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agreements.prefixes import source
from rehearse.__main__ import inputs_of
from rehearse.asking import Aws
from rehearse.calls import RECORDING, Recorded
from rehearse.plan import UNNAMED
from stacks.inputs import Inputs
from stacks.settings import LOCAL, Settings

_HEX = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{8,64}\b")
_DECISIONS = "decisions.jsonl"
_FLEETING = ("s3:versionid",)
_EXECUTED = "execution000"
_NEVER = "(?!)"
# A pipeline's jobs are called <prefix>-<execution>-<ten letters>[-<attempt>], or pipelines-<execution>-<step>-<ten>.
_EXECUTION = re.compile(r"(?:pipelines|--\w+)-([a-z0-9]{12})-")
_JOB = re.compile(r"((?:pipelines-\w+|--\w+)-\w+)-[A-Za-z0-9]{10}(?:-\d+)?\b")


class Normal:
    """Names of one environment, as they are in a recording.

    Parameters
    ----------
    inputs : Inputs
        Of the environment that ran.
    account : str
    keys : mapping of str to str
        Logical names of the keys, by key id.
    """

    def __init__(self, inputs: Inputs, account: str, keys: Mapping[str, str]) -> None:
        settings, workloads = inputs.settings, [chosen.workload for chosen in inputs.workloads]
        name = re.escape(settings.environment)
        # The longer name first: `flights-2` is not what follows `flights`.
        owners = sorted(workloads, key=lambda workload: len(workload.name), reverse=True)
        sources = _any({source for workload in workloads for source in workload.sources})
        own = _any([workload.name for workload in owners])
        of_entity = "|".join(f"{re.escape(owner.name)}-{_any(owner.entities)}" for owner in owners if owner.entities)
        self._keys = keys
        self._role = re.compile(rf"{own}-")
        self._values = {settings.environment: "{environment}", **{one.name: "{workload}" for one in workloads}}  # tags
        self._steps: list[tuple[re.Pattern[str], str]] = [
            (re.compile(rf"\b{account}\b"), "{account}"),
            (re.compile(re.escape(settings.region)), "{region}"),
            (re.compile(rf"\bheadrace([-/]){name}\b"), r"headrace\1{environment}"),
            (re.compile(rf"(?<={{environment}})([-/])(?:{of_entity or _NEVER})\b"), r"\1{workload}-{entity}"),
            (re.compile(rf"(?:^|(?<=[-/:])){own}\b"), "{workload}"),
            (re.compile(rf"^{source(sources)}$"), source("{source}")),
            (re.compile(rf"/raw/{sources}/.+"), "/raw/{source}/object"),
            (re.compile(r"(?<=[a-z])-[0-9a-f]{7}(?![0-9a-zA-Z])"), f"-{UNNAMED}"),
            (_JOB, r"\1-0000000000"),
            (re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z)?"), "2026-01-01"),
            (re.compile(r"/\d{4}(/\d\d){3}/\d\d-\d\d-\d{3}"), "/2026/01/01/00/00-00-000"),
        ]

    def role(self, name: str) -> str:
        """Return a role's logical name, with a stand-in for the workload whose it is."""
        found = self._role.match(name)
        return f"{{workload}}-{name[found.end() :]}" if found else name

    def text(self, text: str) -> str:
        """Return a text with the program's own names."""
        if text in self._values:
            return self._values[text]
        for key, logical in self._keys.items():
            text = text.replace(key, f"{{key:{logical}}}")
        for pattern, name in self._steps:
            text = pattern.sub(name, text)
        return _HEX.sub(lambda found: re.sub(r"[0-9a-f]", "0", found[0]), text)


def normal(decisions: Iterable[Mapping[str, Any]], names: Normal) -> list[Recorded]:
    """Return what roles did and were allowed, each kind of call once."""
    lines = list(decisions)
    executions = {found for line in lines for found in _EXECUTION.findall(line["resource"])}
    found: dict[tuple[str, ...], Recorded] = {}
    for line in lines:
        role = re.fullmatch(r"arn:aws:iam::\d{12}:role/(.+)-[0-9a-f]{7}", line["principal"])
        if role and line["decision"] == "allowed":
            context = {
                key: [names.text(_same(value, executions)) for value in values]
                for key, values in line["context"].items()
                if key not in _FLEETING
            }
            call = Recorded(
                names.role(role[1]), line["action"], names.text(_same(line["resource"], executions)), context
            )
            kind = (call.role, call.action, _folder(call.resource), json.dumps(_folders(call.context), sort_keys=True))
            found.setdefault(kind, call)
    return sorted(found.values(), key=lambda call: json.dumps(asdict(call)))


def _any(names: Iterable[str]) -> str:
    """Return the pattern that matches one of some names."""
    return f"(?:{'|'.join(re.escape(name) for name in names)})"


def _same(text: str, executions: set[str]) -> str:
    for execution in executions:
        text = text.replace(execution, _EXECUTED)
    return text


def _folder(resource: str) -> str:
    """Return an object's folder: what a policy lets be done in it, it lets be done to any object there."""
    return resource.rpartition("/")[0] if resource.startswith("arn:aws:s3:::") and "/" in resource else resource


def _folders(context: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: [_folder(value) for value in values] for key, values in context.items() if key != "s3:prefix"}


def write(calls: Iterable[Recorded], path: Path = RECORDING) -> None:
    """Write a recording."""
    path.write_text("".join(json.dumps(asdict(call)) + "\n" for call in calls), encoding="utf-8")


def keys_of(aws: Aws, settings: Settings) -> dict[str, str]:
    """Return the logical names of an environment's keys, by key id: their aliases hold them."""
    start = f"alias/{settings.prefix}-"
    return {
        alias["TargetKeyId"]: f"keys-{alias['AliasName'].removeprefix(start)}"
        for alias in aws.every("kms", "ListAliases", "Aliases")
        if alias["AliasName"].startswith(start)
    }


def decisions_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what a local cloud has written down."""
    for line in (folder / _DECISIONS).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def main() -> int:
    """Write the recording anew from the local cloud that AWS's variables name."""
    inputs, _ = inputs_of(LOCAL)
    aws = Aws(inputs.settings.region)
    account = aws.ask("sts", "GetCallerIdentity")["Account"]
    names = Normal(inputs, account, keys_of(aws, inputs.settings))
    folder = Path(os.environ["HEADRACE_STATE"])
    if not (folder / _DECISIONS).is_file():
        print(
            f"{folder / _DECISIONS} must hold what a demo did, and is not there. Run `make demo` first.",
            file=sys.stderr,
        )
        return 1
    calls = normal(decisions_of(folder), names)
    write(calls)
    print(f"recorded   {len(calls)} calls of {len({call.role for call in calls})} roles in {RECORDING.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
