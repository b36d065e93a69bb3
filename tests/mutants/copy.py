"""A copy of the project with the one worker that runs tests in it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.mutants.nearest import ROOT

_clock = itertools.count(1)


class Copy:
    """A folder of its own, so that a fault is never in the repository itself, whatever becomes of this process."""

    def __init__(self, folder: Path) -> None:
        """Copy what git knows of, as it is now, and start the worker."""
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self._log = folder / ".mutant.log"
        self._worker = self._start()

    def _start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.worker"],
            cwd=self.folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._answer(worker)
        return worker

    @staticmethod
    def _answer(worker: subprocess.Popen[str]) -> Any:
        assert worker.stdout is not None
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with {worker.wait()}")
        return json.loads(line)

    def run(self, tests: tuple[str, ...], seconds: float) -> tuple[int, str]:
        """Run tests; return pytest's exit code, or `worker.TIMED_OUT`, and what it printed."""
        assert self._worker.stdin is not None
        request = {"tests": list(tests), "log": str(self._log), "seconds": seconds}
        self._worker.stdin.write(json.dumps(request) + "\n")
        self._worker.stdin.flush()
        return int(self._answer(self._worker)), self._log.read_text(encoding="utf-8", errors="replace")

    def write(self, path: str, text: str) -> None:
        """Write a file; no two versions of it have the same time, by which Python knows compiled files."""
        file = self.folder / path
        file.write_text(text, encoding="utf-8")
        moment = 1_000_000_000 + next(_clock)
        os.utime(file, (moment, moment))

    def close(self) -> None:
        """End the worker."""
        assert self._worker.stdin is not None
        self._worker.stdin.close()
        self._worker.wait(30)
