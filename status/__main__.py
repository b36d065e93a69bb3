"""``python -m status ENVIRONMENT``: say of each workload how it stands, from the stack's outputs and AWS's API."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from machine.cli import PulumiError, output
from status import report
from status.environment import Environment, NotDeployedError


def main(arguments: list[str] | None = None) -> int:
    """Print the reports; return the exit code: 1 where one could not be made."""
    parser = argparse.ArgumentParser(prog="python -m status", description=__doc__)
    parser.add_argument("environment", nargs="?", default="local")
    parser.add_argument("--workload", help="only this one")
    given = parser.parse_args(arguments)
    try:
        told = outputs(given.environment)
        every = Environment.every(given.environment, told)
        chosen = [Environment.told(given.environment, told, given.workload)] if given.workload else every
        for environment in chosen:
            show(environment)
    except NotDeployedError as error:
        print(error, file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"AWS did not answer: {error}", file=sys.stderr)
        return 1
    return 0


def show(environment: Environment) -> None:
    """Print the report of one workload."""
    print(f"{environment.workload:<10} endpoint/{environment.own.endpoint_name}", flush=True)
    for title, text in report.lines(report.report(environment)):
        print(f"  {title:<8} {text}", flush=True)


def outputs(stack: str) -> dict[str, Any]:
    """Return a stack's outputs.

    Raises
    ------
    NotDeployedError
        With what pulumi says, where there is no such stack or it has none.
    """
    try:
        return dict(output(stack))
    except PulumiError as error:
        raise NotDeployedError(f"The environment {stack} cannot be read: {error.said}") from error


if __name__ == "__main__":
    sys.exit(main())
