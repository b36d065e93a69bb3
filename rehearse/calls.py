"""What the roles are known to do, against their policies: iam:SimulateCustomPolicy over recorded calls.

``calls.jsonl`` holds the calls that a whole demo made of the local cloud, by the names of the program and not of one
environment. `make recording` writes it from a cloud in which a demo ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from rehearse.asking import Aws
from rehearse.checks import Check
from rehearse.plan import UNNAMED, Plan, document
from workloads.problems import Problem
from workloads.spec import Workload

RECORDING = Path(__file__).with_name("calls.jsonl")
_ROLE = "aws:iam/role:Role"
_KEY = "aws:kms/key:Key"
_WORKLOAD = "{workload}"


@dataclass(frozen=True)
class Recorded:
    """One call of a role that was allowed.

    Attributes
    ----------
    role : str
        The role's logical name; it begins with ``{workload}`` where each workload has one.
    action, resource : str
        What was done to what; ``{account}``, ``{region}``, ``{environment}``, ``{workload}`` and ``{key:...}`` in it
        stand for an environment's own.
    context : mapping of str to list of str
        Condition keys of the request.
    """

    role: str
    action: str
    resource: str
    context: Mapping[str, list[str]]


def read(path: Path = RECORDING) -> list[Recorded]:
    """Read a recording."""
    return [Recorded(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def checks(aws: Aws, plan: Plan, recorded: Iterable[Recorded] | None = None) -> Iterator[Check]:
    """Yield a check for each role that has done something, of the platform and of each workload."""
    by_role: dict[str, list[Recorded]] = {}
    for call in read() if recorded is None else recorded:
        by_role.setdefault(call.role, []).append(call)
    for role in sorted(by_role):
        if _WORKLOAD not in role:
            yield Check(f"calls of {role}", partial(_simulated, aws, plan, role, by_role[role], plan.workloads))
            continue
        for workload in plan.workloads:
            name = role.replace(_WORKLOAD, workload.name)
            yield Check(f"calls of {name}", partial(_simulated, aws, plan, name, by_role[role], (workload,)))


def policies(plan: Plan) -> dict[str, list[str]]:
    """Return the policies of each role, by its logical name."""
    names = {f"{role.fixed_name or role.name + '-' + UNNAMED}": role.name for role in plan.of(_ROLE)}
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for policy in plan.of("aws:iam/rolePolicy:RolePolicy"):
        role = str(policy.inputs["role"]).removesuffix("-id")  # a role's id is its name
        found[names[role]].append(document(policy.inputs["policy"]))
    return found


def _simulated(
    aws: Aws, plan: Plan, role: str, recorded: list[Recorded], workloads: Sequence[Workload]
) -> str | list[Problem]:
    documents = policies(plan).get(role)
    if documents is None:  # the settings may leave a role out, as the approver's
        return "not in this environment"
    problems: list[Problem] = []
    for action, context, resources in _grouped(recorded, plan, workloads):
        said = aws.every(
            "iam",
            "SimulateCustomPolicy",
            "EvaluationResults",
            PolicyInputList=documents,
            ActionNames=[action],
            ContextEntries=[_entry(key, values) for key, values in context.items()],
            **({} if resources == ["*"] else {"ResourceArns": resources}),
        )
        problems += [
            Problem(
                field=f"role {role}",
                rule=f"be allowed {action} on {result.get('EvalResourceName', '*')}",
                value=result["EvalDecision"],
                remedy="Grant it in the component that makes the role, or `make recording` if it no longer needs it.",
            )
            for result in said
            if result["EvalDecision"] != "allowed"
        ]
    return problems or f"{len(recorded)} allowed"


def _grouped(
    recorded: list[Recorded], plan: Plan, workloads: Sequence[Workload]
) -> Iterator[tuple[str, dict[str, list[str]], list[str]]]:
    """Yield action, context and resources: calls that differ in the resource alone are one question."""
    groups: dict[tuple[str, str], list[str]] = {}
    for call in recorded:
        for workload in workloads:
            for context in _contexts(call, plan, workload):
                question = (call.action, json.dumps(context, sort_keys=True))
                groups.setdefault(question, []).extend(filled(call.resource, plan, workload))
    for (action, entries), resources in groups.items():
        if resources:  # a call on a feature group is none of a workload without entities
            yield action, json.loads(entries), sorted(set(resources))


def _contexts(call: Recorded, plan: Plan, workload: Workload) -> Iterator[dict[str, list[str]]]:
    """Yield a call's context with the names of an environment: one context for each entity or source in it."""
    by_key = [product(*(filled(value, plan, workload) for value in values)) for values in call.context.values()]
    for chosen in product(*by_key):
        yield dict(zip(call.context, map(list, chosen), strict=True))


def filled(text: str, plan: Plan, workload: Workload) -> list[str]:
    """Return a recorded text with the names of an environment and a workload: one for each entity or source in it."""
    known = {
        "account": plan.account,
        "region": plan.settings.region,
        "environment": plan.settings.environment,
        "workload": workload.name,
        **{f"key:{key.name}": key.arn.rpartition("/")[2] for key in plan.of(_KEY)},
    }
    texts = [text]
    for each, names in (("{entity}", workload.entities), ("{source}", workload.sources)):
        texts = [one.replace(each, name) for one in texts for name in (names if each in one else ("",))]
    return [re.sub(r"\{([^}]+)\}", lambda found: known[found[1]], one) for one in texts]


def _entry(key: str, values: list[str]) -> dict[str, Any]:
    kind = "string"
    if key in ("aws:securetransport", "kms:grantisforawsresource"):
        kind = "boolean"
    elif len(values) != 1 or key in ("aws:tagkeys", "kms:encryptioncontextkeys"):
        kind = "stringList"
    return {"ContextKeyName": key, "ContextKeyValues": values, "ContextKeyType": kind}
