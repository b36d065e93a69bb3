"""A command run in bad weather, once for each seed, each time against a local cloud that is new."""

from __future__ import annotations

import collections
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import environment

_FOLDER = environment.REPOSITORY / ".headrace" / "weather"
_TRIES = 3  # of a seed that begins without a quota: what is asked for meanwhile may be refused again
_REMEDY = "Cannot have more than 0 builds"  # AWS's words, which a message about it quotes


def run(command: Sequence[str], seeds: Sequence[int], environ: Mapping[str, str]) -> int:
    """Run a command for each seed; print a line a seed, and return how many failed.

    A run that ends because the account may build nothing is repeated, as its message says; nothing else is. What a seed
    left (the log of the weather, of the local cloud and of the command) stays in ``.headrace/weather/SEED``; ``{}`` in
    the command stands for that folder.
    """
    failed = 0
    for seed in seeds:
        folder = _FOLDER / str(seed)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        variables = {
            **environ,
            "HEADRACE_STATE": str(folder / "cloud"),
            "HEADRACE_PULUMI": str(folder / "pulumi"),
            "HEADRACE_ENDS_WITH": str(os.getpid()),
            "HEADRACE_WEATHER": "bad",
            "HEADRACE_WEATHER_SEED": str(seed),
        }
        began = time.monotonic()
        outcome = _seed([part.replace("{}", str(folder)) for part in command], folder, variables)
        failed += not outcome.startswith("passed")
        seconds = time.monotonic() - began
        print(f"seed {seed:<4} {outcome}  {seconds:.0f} s  {_weather(folder)}", flush=True)
    return failed


def _seed(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str:
    sandbox = [sys.executable, "-m", "sandbox"]
    output = folder / "output.log"
    if subprocess.run(
        [*sandbox, "cloud", "start"], env=dict(variables), check=False, stdout=subprocess.DEVNULL
    ).returncode:
        return "not run: the local cloud did not start"
    try:
        for attempt in range(1, _TRIES + 1):
            with output.open("ab") as log:
                begins = log.tell()
                done = subprocess.run(
                    [*sandbox, "exec", "--", *command], env=dict(variables), check=False, stdout=log, stderr=log
                )
            if done.returncode == 0:
                return "passed" if attempt == 1 else f"passed when the quota was raised, at attempt {attempt}"
            if _REMEDY not in output.read_bytes()[begins:].decode("utf-8", "replace"):
                break
        return f"failed with exit code {done.returncode}, see {os.path.relpath(output)}"
    finally:
        subprocess.run([*sandbox, "cloud", "stop"], env=dict(variables), check=True)


def _weather(folder: Path) -> str:
    """Sum the weather's log up: how often it did what."""
    log = folder / "cloud" / "weather.log"
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    counts = collections.Counter(line[13:23].strip() for line in lines)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
