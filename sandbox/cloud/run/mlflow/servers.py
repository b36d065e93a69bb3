"""MLflow tracking servers: the real `mlflow server`, one small process a server, artifacts straight to S3.

Each listens on a socket of its own, which `front` alone speaks to. Artifacts must not go through the server: a
tracking server's ARN as tracking URI works with direct artifacts only. The server acts as its role, which has to pass
`birth` first.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import shlex
import shutil
import sys
import threading
import time

from sandbox.cloud import settings
from sandbox.cloud.run.mlflow import birth
from sandbox.cloud.run.shared import processes, sockets
from sandbox.cloud.run.shared.processes import Process
from sandbox.cloud.state import records

KIND = "MlflowServer"
_START_SECONDS = 120.0
PATH = "/_cloud/mlflow/"  # of the local cloud's, below which each server's page lies
_log = logging.getLogger(__name__)
_SERVERS: dict[str, Server] = {}


class Server:
    """One tracking server's process.

    Parameters
    ----------
    name : str
        The tracking server's.
    artifact_uri : str
        Where runs put their artifacts, ``s3://...``.
    role_arn : str
        The role that the server has.
    """

    def __init__(self, name: str, artifact_uri: str, role_arn: str) -> None:
        self.name = name
        self.socket = sockets.place(hashlib.sha256(name.encode()).hexdigest()[:12])
        self.role_arn = role_arn
        self._artifacts = artifact_uri
        self.ready = threading.Event()
        self.gone = threading.Event()
        self._process: Process | None = None
        self._stopping = threading.Event()
        threading.Thread(target=self._work, name=f"mlflow {name}", daemon=True).start()

    def _work(self) -> None:
        try:
            keys = birth.credentials(self.name, self.role_arn, self._artifacts, self._stopping)
        except birth.BirthError as error:
            _log.warning("the MLflow server %s is CreateFailed: %s", self.name, error)
            self.gone.set()
            return
        folder = settings.current().folder / "mlflow" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        log = logging.getLogger(f"{__name__}.{self.name}")
        environment = {**self._environment(str(folder)), **keys}
        if not self._stopping.is_set():
            self._process = Process(self._command(self._artifacts), folder, environment, log.info)
            self._watch(self._process)
        self.gone.set()

    def _command(self, artifact_uri: str) -> list[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", "127.0.0.1", "--uvicorn-opts", f"--uds {shlex.quote(str(self.socket))}"),
            *("--backend-store-uri", "sqlite:///mlflow.db"),
            *("--default-artifact-root", artifact_uri, "--no-serve-artifacts"),
            *("--workers", "1"),
        ]

    @staticmethod
    def _environment(home: str) -> dict[str, str]:
        at = settings.current()
        return {
            "PATH": os.defpath.lstrip(":"),
            "HOME": home,
            "LANG": "C.UTF-8",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "AWS_ENDPOINT_URL": at.endpoint_url,
            "AWS_REGION": at.region,
            "AWS_DEFAULT_REGION": at.region,
        }

    def _watch(self, process: Process) -> None:
        """Notice when it answers, and when it is gone."""
        end = time.monotonic() + _START_SECONDS
        while process.running() and time.monotonic() < end and not self.ready.is_set():
            if self._healthy():
                self._born()
                self.ready.set()
            else:
                time.sleep(0.2)
        if not self.ready.is_set():
            process.kill()
        code = process.wait()
        if not processes.CLOSING.is_set():
            _log.warning("the MLflow server %s ended with exit code %s", self.name, code)

    def _born(self) -> None:
        with records.LOCK:
            row = records.table(KIND).get(self.name)
            if row is None or row.get("Born"):
                return
            row["Born"] = True
        records.changed()

    def _healthy(self) -> bool:
        connection = sockets.Connection(self.socket, timeout=2.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process."""
        self._stopping.set()
        if self._process is not None:
            self._process.stop(grace=5.0)


def start(name: str, artifact_uri: str, role_arn: str) -> None:
    """Start a tracking server; it answers some seconds later (see `status`)."""
    with records.LOCK:
        records.table(KIND)[name] = {"ArtifactUri": artifact_uri, "RoleArn": role_arn}
    records.changed()
    _SERVERS[name] = Server(name, artifact_uri, role_arn)


def stop(name: str) -> None:
    """Stop a tracking server and remove what it remembered."""
    with records.LOCK:
        records.table(KIND).pop(name, None)
    records.changed()
    if server := _SERVERS.pop(name, None):
        server.stop()
    shutil.rmtree(settings.current().folder / "mlflow" / name, ignore_errors=True)


def url(name: str) -> str | None:
    """Return a tracking server's address, or None for one that has not been started.

    It stays the same when the local cloud starts again.
    """
    return f"{settings.current().endpoint_url}{PATH}{name}" if name in records.table(KIND) else None


def connection(name: str, timeout: float) -> sockets.Connection | None:
    """Return a connection to a tracking server, or None for one that does not run."""
    server = _SERVERS.get(name)
    return sockets.Connection(server.socket, timeout) if server is not None else None


def status(name: str) -> str:
    """Return Creating until the server answers, then Created; once it is gone CreateFailed or Stopped.

    One that has answered once is never CreateFailed, not even after a start of the local cloud at which it did not.
    """
    row = records.table(KIND).get(name)
    if row is None:
        return "Creating"
    server = _SERVERS.get(name)
    if server is None or server.gone.is_set():
        return "Stopped" if row.get("Born") else "CreateFailed"
    return "Created" if server.ready.is_set() else "Creating"


def on_start() -> None:
    """Start the servers of the state that was loaded."""
    for name, row in list(records.table(KIND).items()):
        _SERVERS[name] = Server(name, row["ArtifactUri"], row["RoleArn"])
