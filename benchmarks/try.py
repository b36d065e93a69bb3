"""How long `make try` takes for 100,000 examples: the first time, again, and after a change of one view.

``make benchmark`` prints the seconds, and what of them the processor worked; the flights of January to April 2013 are
the data. Nothing is held by it: a machine that is busy with something else is slower.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from workloads.flights import ingest

ROOT = Path(__file__).parents[1]
MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")
END = "2013-04-22"  # 100,000 flights are scheduled before it
BEFORE, AFTER = "ROWS BETWEEN 4 PRECEDING", "ROWS BETWEEN 5 PRECEDING"


def main() -> None:
    """Print a line a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ingest.files(MONTHS):
            path = folder / file.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.body)
        workload = folder / "flights"
        shutil.copytree(ROOT / "workloads" / "flights", workload, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        _run("first run", workload, folder)
        _run("nothing changed", workload, folder)
        sql = workload / "features.sql"
        sql.write_text(sql.read_text().replace(BEFORE, AFTER))
        _run("one view changed", workload, folder)
        described = workload / "workload.yaml"
        described.write_text(described.read_text().replace("max_leaf_nodes: 20", "max_leaf_nodes: 21"))
        _run("the estimator changed", workload, folder)


def _run(what: str, workload: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "trial", str(workload), "--from", str(folder), "--end", END, "--untracked"]
    began, worked = time.perf_counter(), _worked()
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    took, steps = time.perf_counter() - began, done.stdout.splitlines()[-1].partition(": ")[2]
    print(f"{what:<22} {took:5.1f} s, {_worked() - worked:5.1f} s of a processor: {steps}")


def _worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
