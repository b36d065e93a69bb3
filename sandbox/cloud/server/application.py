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
from sandbox.cloud.control.iam import authorization
from sandbox.cloud.moto.app import MotoApplication, missing
from sandbox.cloud.run.mlflow import front as mlflow
from sandbox.cloud.run.mlflow.rights import SERVICE
from sandbox.cloud.server import anonymous, constraints, gate, wire
from sandbox.cloud.server.admission import Admission, NotAdmittedError, protocol_of
from sandbox.cloud.server.identify import Asked
from sandbox.cloud.server.retries import StoredAnswers
from sandbox.cloud.server.wire import Answer
from sandbox.cloud.settings import Settings
from sandbox.cloud.state.snapshot import Keeper
from sandbox.cloud.weather import front

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
        self._admission = Admission(settings)
        self._answers = StoredAnswers()
        self._ask = front.over(self._dispatch)
        self.running = 0
        self._count = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        got = gate.without_cors(gate.refusal(environ, self._settings.port) or self._admitted(environ))
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
            "weather": f"{self._settings.weather} {self._settings.seed}",
            "saved": self._keeper.saved,
        }
        return Answer(200, [("Content-Type", "application/json")], json.dumps(said).encode())

    def _admitted(self, environ: Environ) -> Answer:
        """Answer a request that no page of a browser's made: to whom it is signed by, else to everybody."""
        if environ.get("PATH_INFO") == STATUS_PATH:
            return self._status()
        body = _body(environ)
        if seen := mlflow.page(environ, body):
            return seen
        try:
            asked, body = self._admission.admit(environ, body)
        except NotAdmittedError as refused:
            return refused.answer
        if asked.service == SERVICE:
            return mlflow.signed(environ, body, authorization.session_of(asked.access_key))
        return self._once(asked, environ, body)

    def _once(self, asked: Asked, environ: Environ, body: bytes) -> Answer:
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if not invocation or not front.keeps_answers(environ):
            return self._counted(asked, environ, body)
        attempt = environ.get("HTTP_AMZ_SDK_REQUEST", "attempt=1").partition(";")[0].strip()
        repeated = attempt != "attempt=1"
        own = f"{asked.access_key} {invocation}"  # nobody gets an answer that was another's
        return self._answers.once(own, repeated, lambda: self._counted(asked, environ, body))

    def _counted(self, asked: Asked, environ: Environ, body: bytes) -> Answer:
        with self._count:
            self.running += 1
        try:
            return self._answer(asked, environ, body)
        finally:
            with self._count:
                self.running -= 1

    def _answer(self, asked: Asked, environ: Environ, body: bytes) -> Answer:
        began = time.monotonic()
        try:
            got = self._ask(asked, environ, body)
        except AwsError as refused:
            got = wire.error(refused, protocol_of(asked, environ), asked.service)
            _log.info("%s refused: %s", _name(asked), refused)
        except Exception as crash:
            _log.exception("%s crashed", _name(asked))
            said = f"{_name(asked)} failed inside the local cloud: {type(crash).__name__}: {crash}"
            failure = AwsError("InternalFailure", said.splitlines()[0], 500)
            got = wire.error(failure, protocol_of(asked, environ), asked.service)
        action = asked.operation.name if asked.operation else ""
        if not action.startswith(_READS):
            self._keeper.touch()
            _log.info("%s %d %.0f ms", _name(asked), got.status, 1000 * (time.monotonic() - began))
        return got

    def _dispatch(self, asked: Asked, environ: Environ, body: bytes) -> Answer:
        operation = asked.operation
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
            return wire.read(operation, content_type, Answer(*self._moto.ask(sent, content, name)))

        def call() -> Call:
            params = wire.parse(asked, environ, body)
            return Call(asked.service, operation.name, params, self._settings.account, asked.region, role, forward)

        if role or handler or asked.service == "s3":
            made = call()
            if asked.access_key:
                authorization.check(made, environ, session)
            else:
                anonymous.check(made)
        if handler is None:
            return Answer(*self._moto.ask(environ, body, name))
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


def _name(asked: Asked) -> str:
    return f"{asked.service}:{asked.operation.name if asked.operation else '?'}"
