"""One CloudWatch Logs stream, written in batches."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud import clients

FLUSH_EVERY = 1.0  # seconds; CloudWatch shows lines about that late too
_LONGEST = 250_000  # characters an event; CloudWatch's limit is 256 KB
_BATCH = 2_000
_log = logging.getLogger(__name__)


class LogStream:
    """A log group (made if missing) and a stream in it; a context manager that writes the rest when it ends.

    Parameters
    ----------
    group, stream : str
        Their names.
    logs : client, optional
        CloudWatch Logs with the rights of the role that writes; by default the local cloud's own.
    """

    def __init__(self, group: str, stream: str, logs: Any = None) -> None:
        self.group = group
        self.stream = stream
        self._logs = logs or clients.client("logs")
        self._lines: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._flush_often, name=f"log {group}/{stream}", daemon=True)

    def __enter__(self) -> LogStream:
        self.prepare()
        self._thread.start()
        return self

    def prepare(self) -> None:
        """Make the stream, and its group where that is missing.

        Raises
        ------
        botocore.exceptions.ClientError
            If the role may not.
        """
        exists = self._logs.exceptions.ResourceAlreadyExistsException
        missing = self._logs.exceptions.ResourceNotFoundException
        try:
            self._make_stream()
        except missing:
            with contextlib.suppress(exists):
                self._logs.create_log_group(logGroupName=self.group)
            self._make_stream()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self.flush()

    def _make_stream(self) -> None:
        with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)

    def write(self, line: str) -> None:
        """Add a line; it appears within `FLUSH_EVERY` seconds."""
        event = {"timestamp": int(time.time() * 1000), "message": line[:_LONGEST] or " "}
        with self._lock:
            self._lines.append(event)

    def flush(self) -> None:
        """Write what has gathered."""
        with self._lock:
            lines, self._lines = self._lines, []
        for start in range(0, len(lines), _BATCH):
            try:
                self._logs.put_log_events(
                    logGroupName=self.group, logStreamName=self.stream, logEvents=lines[start : start + _BATCH]
                )
            except (ClientError, BotoCoreError) as error:  # e.g. the group was deleted: the work goes on
                _log.warning("%s/%s: lines lost: %s", self.group, self.stream, error)
                return

    def _flush_often(self) -> None:
        while not self._over.wait(FLUSH_EVERY):
            self.flush()
