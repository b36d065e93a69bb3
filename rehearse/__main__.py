"""``python -m rehearse ENV``: what AWS would say to the environment ENV, as ``make rehearse`` asks it."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rehearse import calls, documents, names, quotas
from rehearse.account import account
from rehearse.asking import Aws
from rehearse.checks import Check, Outcome, UnknownAnswerError, run
from rehearse.plan import Plan, plan
from stacks.inputs import Inputs, InputsError, checked
from stacks.settings import written
from workloads.problems import ProblemsError

_ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Ask, print a line a check, and return 1 where AWS would refuse something."""
    parser = argparse.ArgumentParser(prog="python -m rehearse", description="Asks an account; creates nothing.")
    parser.add_argument("environment", help="the stack's name, whose settings are in Pulumi.<name>.yaml")
    name = parser.parse_args().environment
    try:
        inputs, encrypted = inputs_of(name)
        aws = Aws(inputs.settings.region)
        owner = account(aws, inputs.settings)
    except (InputsError, ProblemsError) as error:
        for line in str(error).splitlines():
            _print("finding", line, "")
        return 1
    _print("ok", "account", f"{owner} in {inputs.settings.region}")
    outcomes = []
    planned = plan(inputs, owner)
    told = Check("alarms", partial(_told, planned, encrypted))
    for outcome in run((told, *all_checks(aws, planned))):
        _show(outcome)
        outcomes.append(outcome)
    findings = sum(len(outcome.problems) for outcome in outcomes)
    unasked = sum(not outcome.asked for outcome in outcomes)
    passed = 1 + sum(outcome.asked and not outcome.problems for outcome in outcomes)
    print(f"{passed} ok, {findings} findings, {unasked} not checked; nothing was created")
    return 1 if findings else 0


def inputs_of(environment: str) -> tuple[Inputs, frozenset[str]]:
    """Read the settings file of an environment, as `pulumi` hands it to the program, and the workloads that it names.

    Returns
    -------
    Inputs
    frozenset of str
        Names of the settings that are encrypted, which only Pulumi can read, as addresses of `notify` are. They are
        left out.

    Raises
    ------
    InputsError
        If there is none, or a setting or a workload breaks a rule.
    """
    path = _ROOT / f"Pulumi.{environment}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.name.split(".")[1] for found in _ROOT.glob("Pulumi.*.yaml")))
        raise InputsError(f"ENV must name an environment with a settings file ({known}), got {environment!r}.")
    values = written(path)
    encrypted = frozenset(name for name, value in values.items() if isinstance(value, dict) and "secure" in value)
    given = {
        name: json.dumps(value) if isinstance(value, list | dict) else value
        for name, value in values.items()
        if name not in encrypted
    }
    return checked(environment, given, _ROOT), encrypted


def _told(planned: Plan, encrypted: frozenset[str]) -> str:
    """Say who hears of alarms: AWS refuses nothing here, and nobody would notice until it matters."""
    if "notify" in encrypted:
        raise UnknownAnswerError("headrace:notify is encrypted; `make up` says who has not confirmed")
    count = len(planned.settings.notify)
    return f"{count} told, once they have confirmed" if count else "nobody is told: set headrace:notify"


def all_checks(aws: Aws, planned: Plan) -> Iterator[Check]:
    """Yield every check of a plan."""
    yield from names.checks(aws, planned)
    yield from quotas.checks(aws, planned)
    yield from documents.checks(aws, planned)
    yield from calls.checks(aws, planned)


def _show(outcome: Outcome) -> None:
    if not outcome.asked:
        _print("unchecked", outcome.subject, f"not checked: {outcome.said}")
    elif not outcome.problems:
        _print("ok", outcome.subject, outcome.said)
    for problem in outcome.problems:
        _print("finding", str(problem), "")


def _print(kind: str, subject: str, said: str) -> None:
    print(f"{kind:<10} {subject}" + (f": {said}" if said else ""), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    sys.exit(main())
