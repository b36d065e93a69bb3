"""The pipeline's jobs as plain processes, each in a folder of its own under SageMaker's container contract."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agreements import variables
from tests.training.warm import Warm
from workloads import folder as folders

ROOT = Path(__file__).parents[2]
GROUPS = {"origin": "test-origin", "route": "test-route", "aircraft": "test-aircraft"}
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/headrace@sha256:" + "a" * 64
_LIMIT = 300  # seconds


@dataclass
class OnlineStore:
    """A feature store that takes BatchWriteRecord and keeps each group's records by identifier.

    Attributes
    ----------
    records : dict
        Group -> first feature's value -> record.
    largest_batch : int
        Most entries that came in one call.
    """

    records: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    largest_batch: int = 0
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        """Listen on a free port."""
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                entries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Entries"]
                store.largest_batch = max(store.largest_batch, len(entries))
                for entry in entries:
                    record = {item["FeatureName"]: item["ValueAsString"] for item in entry["Record"]}
                    store.records.setdefault(entry["FeatureGroupName"], {})[next(iter(record.values()))] = record
                body = b'{"Errors": [], "UnprocessedEntries": []}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@dataclass(frozen=True)
class Job:
    """A finished process.

    Attributes
    ----------
    folder : Path
        Its SAGEMAKER_BASE_DIR.
    code : int
        Its exit code.
    log : str
        What it printed.
    """

    folder: Path
    code: int
    log: str

    @property
    def reason(self) -> str:
        """Why it failed, where SageMaker would look."""
        places = [self.folder / "output" / name for name in ("message", "failure")]
        return "".join(path.read_text("utf-8") for path in places if path.is_file())

    def output(self, *parts: str) -> Path:
        """A path below processing/output."""
        return self.folder.joinpath("processing", "output", *parts)


@dataclass(frozen=True)
class Chain:
    """Runs the jobs of one execution.

    Attributes
    ----------
    folder : Path
        Holds the jobs' folders.
    environment : dict of str to str
        Of every job.
    workload : Path
        The folder of the workload that every job is given.
    warm : Warm, optional
        Forks the jobs, which are started anew where it is not given.
    """

    folder: Path
    environment: Mapping[str, str]
    workload: Path = ROOT / "workloads" / "flights"
    warm: Warm | None = None

    def processing(
        self,
        name: str,
        *arguments: str,
        inputs: Mapping[str, Path] | None = None,
        step: str | None = None,
        **environment: str,
    ) -> Job:
        """Run ``training.<name>`` as a step with copies of other jobs' outputs as inputs."""
        folder = self.folder / (step or name)
        for target, source in (inputs or {}).items():
            shutil.copytree(source, folder / "processing" / "input" / target)
        environment = {**self._mount(folder / "processing" / "input"), **environment}
        return self._run(folder, f"training.{name}", arguments, environment)

    def scoring(self, step: str, *arguments: str, inputs: Mapping[str, Path]) -> Job:
        """Run ``training.score`` with neither credentials nor addresses, as in network isolation."""
        kept = {name: value for name, value in self.environment.items() if name.startswith("HEADRACE_")}
        return replace(self, environment=kept).processing("score", *arguments, inputs=inputs, step=step)

    def training(self, channel: Path, name: str = "train", **environment: str) -> Job:
        """Run the training job; its model is packed as SageMaker packs it, under ``packed``."""
        folder = self.folder / name
        shutil.copytree(channel, folder / "input" / "data" / "training")
        environment = {**self._mount(folder / "input" / "data"), **environment}
        job = self._run(folder, "training.train", (), environment)
        if job.code == 0:
            (folder / "packed").mkdir()
            with tarfile.open(folder / "packed" / "model.tar.gz", "w:gz") as tar:
                tar.add(folder / "model", arcname=".")
        return job

    def _mount(self, inputs: Path) -> dict[str, str]:
        """Mount the workload, and return the variable by which a job knows it."""
        contents = folders.files(self.workload)
        folders.write(contents, inputs / "workload")
        return {variables.WORKLOAD_DIGEST: folders.digest(contents)}

    def _run(self, folder: Path, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Job:
        folder.mkdir(parents=True, exist_ok=True)
        path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)}
        variables = {**path, **self.environment, "SAGEMAKER_BASE_DIR": str(folder), **environment}
        if self.warm is not None:
            code = self.warm.run(module, arguments, variables, folder)
            return Job(folder, code, (folder / "log").read_text("utf-8"))
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, env=variables, cwd=folder, capture_output=True, text=True, timeout=_LIMIT, check=False
        )
        return Job(folder, done.returncode, done.stdout + done.stderr)
