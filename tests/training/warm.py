"""Jobs forked from a process that has imported what they import, where most of a job's seconds are its imports.

A forked job has the environment, folder, arguments and exit of one that is started anew. What is read while a library
loads (OMP_NUM_THREADS) was read before it began; where that matters, and for one execution of the flights
(`tests.training.test_chain`), jobs are started anew.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_IMPORTED = ("boto3", "duckdb", "lightgbm", "mlflow.store.tracking.sqlalchemy_store", "training.dataset", "xgboost")


class Warm:
    """Speaks to such a process.

    Parameters
    ----------
    process : Popen
        Of this module.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        """Run a module as a job in a folder, where its log is written to ``log``; return its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {"module": module, "arguments": arguments, "environment": dict(environment), "folder": str(folder)}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def warmed() -> Iterator[Warm]:
    """Start the process, and end it."""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}  # it would start threads, which no fork has
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Warm(process)
        process.communicate()  # it ends with its input


def main() -> None:
    """Fork a job for each line of the input, and say how it ended."""
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # what is collected or taken apart at the end is copied into the fork first: as dear as importing it
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = _become(**json.loads(line))
            sys.stdout.flush()
            os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(module: str, arguments: list[str], environment: dict[str, str], folder: str) -> int:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(file, number)
    sys.argv[1:] = arguments
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
