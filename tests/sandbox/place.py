"""An environment of the tests' own: another port, another folder, the real engine, the real local cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from status.environment import Environment
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
FLIGHTS = "workloads/flights/workload.yaml"


@dataclass(frozen=True)
class Place:
    """A local cloud and a Pulumi backend in a folder of their own.

    Attributes
    ----------
    folder : Path
        Holds all of it.
    variables : mapping
        The environment of commands that work on it.
    root : Path
        The repository, or a copy of it, whose program is run.
    """

    folder: Path
    variables: Mapping[str, str] = field(repr=False)
    root: Path = ROOT

    def run(self, *command: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command with the environment of `python -m sandbox exec`, from the repository or a copy of it."""
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "exec", "--", *command],
            cwd=self.root,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run pulumi on the stack `local`."""
        return self.run("pulumi", *arguments, "--non-interactive", "--color", "never", check=check)

    def cloud(self, what: str) -> str:
        """Start or stop the local cloud, or ask for its status."""
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "cloud", what],
            cwd=ROOT,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pid(self) -> int:
        """Return the process of the local cloud."""
        return int((self.folder / "cloud" / "server.pid").read_text())

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", "--stack", "local").stdout)
        return found

    def environment(self) -> Environment:
        """Return the environment as the demo sees it."""
        return Environment.told("local", self.outputs(), "flights")


def copy_of_the_repository(folder: Path) -> Path:
    """Copy what the repository holds, to be edited; the virtual environment is the same one.

    Its environment `local` has the flights alone: each further workload makes every update a third longer.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    settings = folder / "Pulumi.local.yaml"
    file = yaml.safe_load(settings.read_text())
    file["config"]["headrace:workloads"] = [FLIGHTS]
    settings.write_text(yaml.safe_dump(file, sort_keys=False))
    return folder


def make(folder: Path, **settings: str) -> Place:
    """Choose a port and prepare a folder; `settings` are further variables of the local cloud."""
    # What `make` set for the clone's own environment must not reach the tests' one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    variables = {
        **kept,
        "HEADRACE_PORT": str(free_port()),
        "HEADRACE_STATE": str(folder / "cloud"),
        "HEADRACE_PULUMI": str(folder / "pulumi"),
        **settings,
    }
    return Place(folder, variables)
