"""Calls refused because there are too many, failures inside AWS, and answers that are lost on their way."""

from __future__ import annotations

import socket
import threading
from typing import Any

from sandbox.cloud.actions import AwsError
from sandbox.cloud.weather.sky import Sky

_THROTTLED = 0.03  # chance that a row of refusals begins
_LONGEST_ROW = 3  # AWS's SDKs try at least three times (standard) or five (legacy)
_FAILED_BEFORE = 0.01  # 500 or 503, nothing was done
_FAILED_AFTER = 0.01  # 500, and it was done
_LOST = 0.015  # the connection ends instead of the answer, and it was done

# How services say it that do not say ThrottlingException with 400. None sends Retry-After: how long to wait is the
# caller's to find out, which is the stricter reading (AWS documents the header for none of these services).
_THROTTLES = {
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "iam": ("Throttling", "Rate exceeded", 400),
    "sts": ("Throttling", "Rate exceeded", 400),
    "sns": ("Throttling", "Rate exceeded", 400),
    "cloudwatch": ("Throttling", "Rate exceeded", 400),
    "scheduler": ("ThrottlingException", "Rate exceeded", 429),
    "dynamodb": ("ThrottlingException", "Rate of requests exceeds the allowed throughput.", 400),
}
_OTHERS = ("ThrottlingException", "Rate exceeded", 400)
_FAILURES = {"s3": "InternalError", "dynamodb": "InternalServerError"}
_TEXT = "We encountered an internal error. Please try again."


class Faults:
    """Decides for each call."""

    def __init__(self, sky: Sky) -> None:
        self._sky = sky
        self._rows: dict[str, int] = {}
        self._lock = threading.Lock()

    def before(self, service: str, action: str) -> None:
        """Refuse a call now and then, before anything is done.

        Raises
        ------
        AwsError
            In the service's own words.
        """
        what = f"{service}:{action}"
        if self._in_a_row(what):
            self._sky.tell("throttled", what)
            raise AwsError(*_THROTTLES.get(service, _OTHERS))
        if self._sky.happens("failed before", what, _FAILED_BEFORE):
            unavailable = self._sky.happens("unavailable", what, 0.5)
            self._sky.tell("failed", f"{what} with {503 if unavailable else 500}, nothing was done")
            if unavailable:
                raise AwsError("ServiceUnavailable", "Service is unavailable. Please try again.", 503)
            raise failure(service)

    def _in_a_row(self, what: str) -> bool:
        with self._lock:
            left = self._rows.get(what, 0)
            if left:
                self._rows[what] = left - 1
                return left > 1  # the call after a row is let through
        if not self._sky.happens("throttled", what, _THROTTLED):
            return False
        length = 1 + int(self._sky.draw("row", what) * _LONGEST_ROW)
        with self._lock:
            self._rows[what] = length
        return True

    def after(self, service: str, action: str, environ: dict[str, Any], *, says: bool, hangs_up: bool) -> None:
        """Fail now and then although the thing was done: with a 500, or without an answer.

        Parameters
        ----------
        service, action : str
            What was done.
        environ : dict
            The request.
        says, hangs_up : bool
            Which of the two may happen to this caller.

        Raises
        ------
        AwsError
            The service's 500.
        """
        what = f"{service}:{action}"
        if says and self._sky.happens("failed after", what, _FAILED_AFTER):
            self._sky.tell("failed", f"{what} with 500, and it was done")
            raise failure(service)
        if hangs_up and self._sky.happens("lost", what, _LOST):
            self._sky.tell("lost", f"the answer to {what}, and it was done")
            hang_up(environ)


def failure(service: str) -> AwsError:
    """Return a service's 500."""
    return AwsError(_FAILURES.get(service, "InternalFailure"), _TEXT, 500)


def hang_up(environ: dict[str, Any]) -> None:
    """End the connection that a request came by, so that its answer reaches nobody."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
