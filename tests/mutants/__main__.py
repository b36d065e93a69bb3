"""The lane: ``python -m tests.mutants`` puts a sample of faults in, and fails when too few of them are noticed."""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from tests.mutants import nearest, sample
from tests.mutants.copy import Copy
from tests.mutants.mutant import Mutant
from tests.mutants.worker import TIMED_OUT

ENOUGH = 0.95
_FOLDER = "headrace-mutants-"
_NOTICED = (1, 2, TIMED_OUT)  # a test failed, a module could not be imported, it never ended
_NO_USE = 4  # of pytest as it was called, and also where a conftest.py could not be imported


class LaneError(Exception):
    """The lane cannot say anything."""


class Lane:
    """Copies of the project that take mutants one after the other."""

    def __init__(self, copies: list[Copy], sources: dict[str, str], tests: dict[str, tuple[str, ...]]) -> None:
        """Take the copies; `sources` are the files as they are, `tests` those nearest to each."""
        self._free: queue.Queue[Copy] = queue.Queue()
        for copy in copies:
            self._free.put(copy)
        self._sources = sources
        self._tests = tests
        self._seconds = 60.0
        self._print = threading.Lock()
        self._done = 0

    def measure(self, tests: list[str]) -> None:
        """Run tests without any fault: they must pass, and say how long a mutant may take."""
        copy = self._free.get()
        try:
            started = time.monotonic()
            code, said = copy.run(tuple(tests), 1800)
            took = time.monotonic() - started
            if code != 0:
                raise LaneError(f"The tests must pass without a fault, and end with {code}:\n{said[-3000:]}")
        finally:
            self._free.put(copy)
        with self._print:
            self._seconds = max(self._seconds, took)
            print(f"mutants    {len(tests)} files and folders of tests pass, {took:.0f} s", flush=True)

    def noticed(self, mutant: Mutant, total: int) -> bool:
        """Say whether the tests nearest to a mutant fail."""
        tests = self._tests[mutant.path]
        copy = self._free.get()
        try:
            copy.write(mutant.path, mutant.text)
            started = time.monotonic()
            code, said = copy.run(tests, 2 * self._seconds)
            took = time.monotonic() - started
        finally:
            copy.write(mutant.path, self._sources[mutant.path])
            self._free.put(copy)
        seen = is_noticed(code, said)
        if not seen and code != 0:
            raise LaneError(f"pytest ended with {code} for {mutant.name}:\n{said[-3000:]}")
        with self._print:
            self._done += 1
            verdict = "noticed" if seen else "SURVIVED"
            print(f"{self._done:4}/{total} {verdict:8} {took:5.1f} s  {mutant.name}", flush=True)
        return seen


def is_noticed(code: int, said: str) -> bool:
    """Say whether pytest's exit code, and what it printed, mean that a fault was noticed."""
    return code in _NOTICED or (code == _NO_USE and "while loading conftest" in said)


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder that is removed afterwards, and remove what processes left that were killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        if not Path(f"/proc/{left.name.removeprefix(_FOLDER)}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.gettempdir()) / f"{_FOLDER}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(mutants: list[Mutant], jobs: int) -> list[Mutant]:
    """Return the mutants that no test notices."""
    sources = {path: (nearest.ROOT / path).read_text(encoding="utf-8") for path in {one.path for one in mutants}}
    tests = {path: nearest.tests_of(path) for path in sources}
    with _folder() as folder, ThreadPoolExecutor(jobs) as pool:
        copies = list(pool.map(Copy, [folder / str(number) for number in range(jobs)]))
        lane = Lane(copies, sources, tests)
        needed = sorted({test for nearest_tests in tests.values() for test in nearest_tests})
        print(f"mutants    {len(needed)} files and folders of tests must pass first", flush=True)
        shares = [share for share in (needed[number::jobs] for number in range(jobs)) if share]
        try:
            list(pool.map(lane.measure, shares))
            noticed = list(pool.map(lambda mutant: lane.noticed(mutant, len(mutants)), mutants))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            for copy in copies:
                copy.close()
    return [mutant for mutant, seen in zip(mutants, noticed, strict=True) if not seen]


def main(arguments: list[str]) -> int:
    """Run the lane; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=180, help="how many mutants, about (default: %(default)s)")
    parser.add_argument("--seed", default="1", help="another seed takes others (default: %(default)s)")
    parser.add_argument(
        "--only", default="*", help="names that fit this pattern, such as 'components/release/ledger.py*'"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="name them, and run nothing")
    given = parser.parse_args(arguments)
    every = sample.every()
    known = sample.equivalent(sample.EQUIVALENT.read_text(encoding="utf-8"), every)
    wanted = [mutant for mutant in every if fnmatch(mutant.name, given.only.replace("[", "[[]"))]
    mutants = sample.chosen(wanted, given.count, given.seed)
    if given.list:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    print(f"mutants    {len(mutants)} of {len(every)}, seed {given.seed}", flush=True)
    started = time.monotonic()
    survivors = run(mutants, given.jobs)
    return _judge(mutants, survivors, known, time.monotonic() - started)


def _judge(mutants: list[Mutant], survivors: list[Mutant], known: Mapping[str, str], seconds: float) -> int:
    unexplained = [mutant for mutant in survivors if mutant.name not in known]
    wrong = {mutant.name for mutant in mutants if mutant.name in known} - {mutant.name for mutant in survivors}
    counted = len(mutants) - (len(survivors) - len(unexplained))
    rate = 1 - len(unexplained) / counted if counted else 1.0
    for mutant in unexplained:
        print(f"survived   {mutant.name}")
    for name in sorted(wrong):
        print(f"noticed, and {sample.EQUIVALENT.name} says that it changes nothing:\n           {name}")
    print(
        f"mutants    {counted - len(unexplained)} of {counted} noticed, {100 * rate:.1f} %, "
        f"{len(survivors) - len(unexplained)} more without effect, {seconds / 60:.1f} min"
    )
    return 0 if rate >= ENOUGH and not wrong else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (LaneError, sample.EquivalentError) as error:
        sys.exit(str(error))
