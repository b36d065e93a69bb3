"""The WSGI application: identify, authorise, hand to who takes the action over or to moto, answer once."""

from __future__ import annotations

import http.client
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.cloud import actions
from sandbox.cloud.actions import AwsError, Call, Params
from sandbox.cloud.control import authorization, mlflow
from sandbox.cloud.server import constraints, wire
from sandbox.cloud.server.identify import Asked, identify
from sandbox.cloud.server.moto_app import MotoApplication, missing
from sandbox.cloud.server.retries import StoredAnswers
from sandbox.cloud.server.wire import Answer
from sandbox.cloud.settings import Settings
from sandbox.cloud.state.snapshot import Keeper

STATUS_PATH = "/_cloud/status"
_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Query", "Scan", "Search", "Lookup", "Validate", "Invoke")
_log = logging.getLogger(__name__)
Environ = dict[str, Any]


class Application:
    """The local cloud's one entrance.

    Parameters
    ----------
    settings : Settings
    keeper : Keeper
        Told of every call that may have changed something.
    """

    def __init__(
        self,
        settings: Settings,
        keeper: Keeper,
    ) -> None:
        self._settings = settings
        self._keeper = keeper
        self._moto = MotoApplication()
        self._answers = StoredAnswers()
        self.running = 0
        self._count = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        body = _body(environ)
        got = self._status() if environ.get("PATH_INFO") == STATUS_PATH else self._once(environ, body)
        names = {name.lower() for name, _ in got.headers}
        if not wire.head_only(got) and "content-length" not in names:
            got = Answer(got.status, [*got.headers, ("Content-Length", str(len(got.body)))], got.body)
        phrase = http.client.responses.get(got.status, "Unknown")
        start_response(f"{got.status} {phrase}", got.headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [got.body]

    def _status(self) -> Answer:
        said = {
            "pid": os.getpid(),
            "folder": str(self._settings.folder),
            "running": self.running,
            "saved": self._keeper.saved,
        }
        return Answer(200, [("Content-Type", "application/json")], json.dumps(said).encode())

    def _once(self, environ: Environ, body: bytes) -> Answer:
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if not invocation:
            return self._counted(environ, body)
        attempt = environ.get("HTTP_AMZ_SDK_REQUEST", "attempt=1").partition(";")[0].strip()
        repeated = attempt != "attempt=1"
        return self._answers.once(invocation, repeated, lambda: self._counted(environ, body))

    def _counted(self, environ: Environ, body: bytes) -> Answer:
        with self._count:
            self.running += 1
        try:
            return self._answer(environ, body)
        finally:
            with self._count:
                self.running -= 1

    def _answer(self, environ: Environ, body: bytes) -> Answer:
        began = time.monotonic()
        asked = identify(environ, body)
        try:
            if asked is None:
                got = self._moto.ask(environ, body, f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO')}")
            else:
                got = self._dispatch(asked, environ, body)
        except AwsError as refused:
            got = wire.error(refused, _protocol(asked, environ), asked.service if asked else "s3")
            _log.info("%s refused: %s", _name(asked, environ), refused)
        except Exception as crash:
            _log.exception("%s crashed", _name(asked, environ))
            said = f"{_name(asked, environ)} failed inside the local cloud: {type(crash).__name__}: {crash}"
            failure = AwsError("InternalFailure", said.splitlines()[0], 500)
            got = wire.error(failure, _protocol(asked, environ), asked.service if asked else "s3")
        action = asked.operation.name if asked and asked.operation else ""
        if not action.startswith(_READS):
            self._keeper.touch()
            _log.info("%s %d %.0f ms", _name(asked, environ), got.status, 1000 * (time.monotonic() - began))
        return got

    def _dispatch(self, asked: Asked, environ: Environ, body: bytes) -> Answer:
        operation = asked.operation
        if asked.service == mlflow.SIGNED_AS:
            return mlflow.answer(environ, body, asked.region, self._settings.account, asked.access_key)
        if operation is None:
            target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
            raise missing(
                f"{asked.service} action {target or environ['REQUEST_METHOD'] + ' ' + environ['PATH_INFO']}", ""
            )
        content_type = environ.get("CONTENT_TYPE", "")
        name = f"{asked.service} action {operation.name}"
        handler = actions.handler_for(asked.service, operation.name)
        session = authorization.session_of(asked.access_key)
        role = session.role_arn if session else None

        def forward(params: Params | None = None) -> Params:
            sent, content = (environ, body) if params is None else wire.rewritten(operation, environ, params)
            return wire.read(operation, content_type, self._moto.ask(sent, content, name))

        def call() -> Call:
            params = wire.parse(asked, environ, body)
            return Call(asked.service, operation.name, params, self._settings.account, asked.region, role, forward)

        if role or handler or asked.service == "s3":
            made = call()
            authorization.check(made, environ, session)
        if handler is None:
            return self._moto.ask(environ, body, name)
        if asked.service == "sagemaker":
            constraints.hold(operation, made.params)
        return wire.answer(operation, content_type, handler(made))


def _body(environ: Environ) -> bytes:
    """Read the whole body and make the environment say so."""
    stream = environ["wsgi.input"]
    if environ.pop("wsgi.input_terminated", False):
        body: bytes = stream.read()
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _protocol(asked: Asked | None, environ: Environ) -> str:
    if asked is None:
        return "rest-xml"
    if asked.operation is not None:
        return wire.protocol_of(asked.operation, environ.get("CONTENT_TYPE", ""))
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    return "rest-xml" if asked.service in ("s3", "s3control") else "rest-json"


def _name(asked: Asked | None, environ: Environ) -> str:
    if asked is None:
        return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO')}"
    return f"{asked.service}:{asked.operation.name if asked.operation else '?'}"
