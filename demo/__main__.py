"""`python -m demo`: deploy an environment and take workloads of it through the whole life cycle."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from demo import story
from demo.console import StoryError, console
from status.environment import NotDeployedError


def main() -> int:
    """Tell the story; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--stack", default="local", help="the environment (default: local)")
    parser.add_argument(
        "--workload", nargs="+", default=["flights"], help="workloads of it by name, or `all` (default: flights)"
    )
    parser.add_argument("--logs", type=Path, default=Path(".headrace/logs"), help="where pulumi's output is kept")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
    try:
        story.tell(arguments.stack, arguments.workload, arguments.logs)
    except (StoryError, NotDeployedError) as error:
        console.print(f"\n[red]{'failed':<11}[/red]", end="")
        console.print(str(error), markup=False)
        return 1
    except (ClientError, BotoCoreError) as error:
        console.print(f"\n[red]{'failed':<11}[/red]", end="")
        console.print(f"{error}\nRun the same command again: it goes on from what is there.", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted. Run the same command again: it goes on from what is there.", markup=False)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
