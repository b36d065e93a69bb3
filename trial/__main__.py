"""`python -m trial`: try a workload and print what came out of it.

The exit code is 0 where the check and every gate pass, 1 where one fails, and 2 where there is nothing to measure,
because the workload or the data cannot be read.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from training.job import JobError
from trial import lake, report, running, tracked


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one trial and return its exit code."""
    began = time.perf_counter()
    parser = argparse.ArgumentParser(prog="python -m trial", description=__doc__)
    parser.add_argument("workload", help="a workload's name, or a folder with a workload.yaml and its features.sql")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--from", dest="folder", type=Path, help="holds the events as raw/<source>/...")
    where.add_argument("--stack", help="an environment, of whose lake a sample is taken with your credentials")
    parser.add_argument("--start", help="ISO date (UTC) of the first events that count; by default all do")
    parser.add_argument("--end", help="ISO date (UTC) before which events count")
    parser.add_argument("--untracked", action="store_true", help="leave no record in the local MLflow")
    chosen = parser.parse_args(arguments)

    try:
        if chosen.folder:
            trial = running.run(chosen.workload, chosen.folder, chosen.start, chosen.end)
        else:
            trial = lake.run(chosen.workload, chosen.stack, chosen.start, chosen.end)
    except (JobError, ValueError) as error:
        print(f"{'refused':<11}{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; what was computed of streams and views is kept.", file=sys.stderr)
        return 130
    for line in report.lines(trial):
        print(line)
    if not chosen.untracked:
        name = tracked.record(trial)
        tracked.start()
        print(f"{'tracked':<11}{name}; `make mlflow` shows it")
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in trial.seconds.items())
    print(f"{'done':<11}{time.perf_counter() - began:.1f} s: {steps}")
    return 0 if trial.passed else 1


if __name__ == "__main__":
    sys.exit(main())
