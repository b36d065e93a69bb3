"""One variant's server process: its files, its process, its health, and calls to it while it serves."""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import socket
import tarfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import urllib3
from botocore.exceptions import ClientError

from sandbox.cloud import settings
from sandbox.cloud.control.iam.service_uses import INFERENCE
from sandbox.cloud.run.endpoints.plan import VariantPlan
from sandbox.cloud.run.images import environments, store
from sandbox.cloud.run.images.container import CommandError, Container
from sandbox.cloud.run.shared import sockets, transfer
from sandbox.cloud.run.shared.logs import LogStream
from sandbox.cloud.run.shared.processes import Process
from sandbox.cloud.run.shared.roles import assume, describe_error, role_client

log = logging.getLogger("headrace.endpoints")
LOG_GROUP = "/aws/sagemaker/Endpoints/"
INVOCATION_SECONDS = 60.0  # what SageMaker gives a container to answer
_PING_EVERY = 0.2
_LAST_LINES = 12
_PORTS_LOST = 3  # times that another program may take the port that a container was told
_RESTART_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)


class UnhealthyError(Exception):
    """A container that cannot serve; the message is the endpoint's FailureReason."""


class VariantServer:
    """A variant's server process on a port of this machine.

    Parameters
    ----------
    endpoint : str
        Its name, for folders and logs.
    plan : VariantPlan
        What runs.
    """

    def __init__(self, endpoint: str, plan: VariantPlan) -> None:
        self.endpoint = endpoint
        self.plan = plan
        self.digest = ""
        self.instance = f"i-{secrets.token_hex(9)[:17]}"
        self.stream = f"{plan.variant}/{self.instance}"
        self.folder = settings.current().folder / "endpoints" / endpoint / f"{plan.variant}-{self.instance}"
        self._process: Process | None = None
        self._socket = sockets.place(self.instance[-12:])
        self._port = 0
        self._pools: tuple[urllib3.HTTPConnectionPool, urllib3.HTTPConnectionPool] | None = None
        self._logs: LogStream | None = None
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._stopping = threading.Event()
        self._busy = 0
        self._idle = threading.Condition()
        self._container: Container | None = None
        self._environment: dict[str, str] = {}

    def start(self) -> None:
        """Fetch the model, start the process and wait until it is healthy; then keep it running.

        Raises
        ------
        UnhealthyError
            In SageMaker's words, with the container's last lines.
        AwsError
            If SageMaker may not assume the model's role.
        """
        model = self.folder / "ml" / "model"
        model.mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        keys = assume(self.plan.role_arn, INFERENCE, self.endpoint, self.instance)
        self._logs = self._open_log(keys)
        try:
            image = store.resolve(self.plan.image, keys, self.plan.role_arn)
            packages = environments.ensure(image.config.get("Lock", ""), self._on_line)
        except (store.ImageError, environments.InstallError) as error:
            raise UnhealthyError(str(error)) from error
        self._container = Container(image, packages, self.folder)
        self.digest = image.digest
        self._fetch_model(role_client("s3", keys), model)
        at = settings.current()
        self._environment = {"AWS_REGION": at.region, **self.plan.environment}
        if not self.plan.isolated:
            self._environment |= {**keys, "AWS_ENDPOINT_URL": at.endpoint_url}
        self._launch()
        self._wait_until_healthy()
        threading.Thread(target=self._keep_running, name=f"keep {self.stream}", daemon=True).start()

    def _open_log(self, keys: dict[str, str]) -> LogStream | None:
        """Open the log stream with the model's role; one that may not write logs serves without, as on AWS."""
        try:
            return LogStream(LOG_GROUP + self.endpoint, self.stream, role_client("logs", keys)).__enter__()
        except ClientError as error:
            log.warning(
                "%s serves without a log: role %s: %s", self.endpoint, self.plan.role_arn, describe_error(error)
            )
            return None

    def _fetch_model(self, s3: object, folder: Path) -> None:
        if self.plan.model_uri is None:
            return
        try:
            if self.plan.model_is_archive:
                archive = self.folder / "model.tar.gz"
                bucket, key = transfer.split(self.plan.model_uri)
                s3.download_file(bucket, key, str(archive))  # type: ignore[attr-defined]
                with tarfile.open(archive) as tar:
                    tar.extractall(folder, filter="data")
                archive.unlink()
            else:
                transfer.download(s3, self.plan.model_uri, folder)
        except (ClientError, transfer.MissingInput, ValueError) as error:
            raise UnhealthyError(
                f'Failed to download model data for container "container_1" from URL: "{self.plan.model_uri}". Please '
                "ensure that there is an object located at the URL and that the role passed to CreateModel has "
                f"permissions to download the object. ({error})"
            ) from error
        except (tarfile.TarError, EOFError, OSError) as error:
            raise UnhealthyError(
                f'Failed to extract model data archive for container "container_1" from URL '
                f'"{self.plan.model_uri}". Please ensure that the object located at the URL is a valid tar.gz archive. '
                f"({error})"
            ) from error

    def _launch(self) -> None:
        """Start the process: it listens on its socket, or on its port where the image knows only SageMaker's."""
        sockets.place(self._socket.name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._pools = (
            sockets.Pool(self._socket, maxsize=32, retries=False),
            urllib3.HTTPConnectionPool("127.0.0.1", self._port, maxsize=32, retries=False),
        )
        assert self._container is not None  # noqa: S101 - made by start
        listen = {"SAGEMAKER_BIND_TO_PORT": str(self._port), "BIND_TO_SOCKET": str(self._socket)}
        environment = self._container.environment({**self._environment, **listen})
        try:
            command = self._container.command(None, ["serve"])
        except CommandError as error:
            raise UnhealthyError(self._ping_failed(f"The container cannot start: {error}.")) from error
        self._process = Process(command, self._container.workdir(), environment, self._on_line)

    def _on_line(self, line: str) -> None:
        self._last.append(line)
        if self._logs is not None:
            self._logs.write(line)

    def _wait_until_healthy(self) -> None:
        until, lost = time.monotonic() + self.plan.startup_seconds, _PORTS_LOST
        assert self._process is not None  # noqa: S101 - launched before
        while time.monotonic() < until and not self._stopping.is_set():
            if not self._process.running():
                code = self._process.wait()
                if lost and self._port_is_another_s():
                    lost -= 1
                    self._launch()
                    continue
                raise UnhealthyError(self._ping_failed(f"The container exited with code {code}."))
            if self._answers_ping():
                return
            time.sleep(_PING_EVERY)
        raise UnhealthyError(self._ping_failed(f"No healthy answer within {self.plan.startup_seconds:.0f} seconds."))

    def _port_is_another_s(self) -> bool:
        """Say whether another program took the port before the container, which has ended, could."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    @property
    def _pool(self) -> urllib3.HTTPConnectionPool:
        assert self._pools is not None  # noqa: S101 - launched before
        return self._pools[0] if self._socket.exists() else self._pools[1]

    def _answers_ping(self) -> bool:
        try:
            return bool(self._pool.request("GET", "/ping", timeout=2.0).status == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def _ping_failed(self, why: str) -> str:
        said = " | ".join(line.strip() for line in self._last if line.strip())
        return (
            f"The primary container for production variant {self.plan.variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint. {why}" + (f" Last lines: {said}" if said else "")
        )[:1024]

    def _keep_running(self) -> None:
        """Start the process again when it ends by itself, as SageMaker replaces an unhealthy container."""
        deaths = 0
        while not self._stopping.is_set():
            assert self._process is not None  # noqa: S101 - launched before
            began = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            deaths = deaths + 1 if time.monotonic() - began < 60 else 1
            log.warning(
                "endpoint %s, %s: the container exited with code %s; starting again", self.endpoint, self.stream, code
            )
            self._stopping.wait(_RESTART_PAUSES[min(deaths, len(_RESTART_PAUSES)) - 1])
            if not self._stopping.is_set():
                self._launch()

    def hold(self) -> None:
        """Keep the server from being retired until `release`; a call is under way."""
        with self._idle:
            self._busy += 1

    def release(self) -> None:
        """Say that a call is over."""
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def call(self, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """POST /invocations and return the whole answer.

        Raises
        ------
        urllib3.exceptions.HTTPError
            If the container does not answer, or not in time.
        """
        # Once: whether SageMaker asks again when a container closes a kept connection is not documented.
        return self._pool.request(
            "POST", "/invocations", body=body, headers=headers, timeout=INVOCATION_SECONDS, retries=False
        )

    def retire(self) -> None:
        """Wait for the calls under way, then stop the process and remove its files."""
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, timeout=INVOCATION_SECONDS)
        self.stop(grace=10.0)
        if self._logs is not None:
            with contextlib.suppress(ClientError):  # the log group may be gone before the endpoint is
                self._logs.__exit__(None, None, None)
            self._logs = None
        for pool in self._pools or ():
            pool.close()
        self._socket.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self, grace: float) -> None:
        """Stop the process: asked first, killed after `grace` seconds."""
        self._stopping.set()
        if self._process is not None:
            self._process.stop(grace)
