"""What stands before every request in bad weather."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.cloud import credentials
from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.clients import AGENT, TASK_AGENT
from sandbox.cloud.moto.protocols import service_model
from sandbox.cloud.server import wire
from sandbox.cloud.server.identify import Asked, identify
from sandbox.cloud.server.wire import Answer
from sandbox.cloud.weather import capacity, deliveries, pages, propagation, sky, stale
from sandbox.cloud.weather.faults import Faults

Environ = dict[str, Any]
Ask = Callable[[Asked, Environ, bytes], Answer]

_STALE = 0.4  # chance that a read which has an older answer gives it
_EMPTY_PAGE = 0.25
# Parsed only where it matters: objects may be large.
_OBJECTS = {"GetObject", "PutObject", "UploadPart", "HeadObject", "CopyObject", "CompleteMultipartUpload"}
_WITH_CONFIGURATION = {"CreateEndpoint", "UpdateEndpoint"}
_RULES = {"PutRule", "PutTargets", "RemoveTargets", "EnableRule", "DisableRule"}
_PROVIDER_WAITS = {"dynamodb", "iam", "kms", "s3"}  # in SageMaker for some kinds, not for models
_PROVIDER = "aws-sdk-go"  # in the user agent of Terraform's provider, which Pulumi deploys with


def over(ask: Ask) -> Ask:
    """Return `ask` as callers meet it: as it is in fair weather, behind the weather in bad."""
    weather = sky.current()
    return Front(weather, ask).ask if weather else ask


def keeps_answers(environ: Environ) -> bool:
    """Say whether a repeated request gets the answer that its first attempt got.

    AWS promises that only to calls with a token of their own, so in bad weather a caller of ours whose answer was lost
    does the thing twice. Terraform's provider makes many calls without a token; an answer lost there leaves a resource
    that no code of ours can find again, and is kept for it.
    """
    return sky.current() is None or _PROVIDER in environ.get("HTTP_USER_AGENT", "")


class Front:
    """Bad weather.

    Parameters
    ----------
    weather : Sky
    ask : callable
        The local cloud without it.
    """

    def __init__(self, weather: sky.Sky, ask: Ask) -> None:
        self._sky = weather
        self._ask = ask
        self._faults = Faults(weather)
        self._memory = stale.Memory()

    def ask(self, asked: Asked, environ: Environ, body: bytes) -> Answer:
        """Answer a request, or refuse it, or answer what was true a moment ago, or do it and say nothing."""
        operation = asked.operation
        if operation is None or AGENT in environ.get("HTTP_USER_AGENT", ""):
            return self._ask(asked, environ, body)
        self._faults.before(asked.service, operation.name)
        params = {} if operation.name in _OBJECTS else wire.parse(asked, environ, body)
        if asked.service == "sts" and operation.name == "AssumeRole":
            propagation.hold_assumption(self._sky, params["RoleArn"])
        if asked.service == "codebuild" and operation.name == "StartBuild":
            capacity.hold_build_quota(self._sky)
        from_provider = _PROVIDER in environ.get("HTTP_USER_AGENT", "")
        if asked.service == "sagemaker" and operation.name in _WITH_CONFIGURATION and not from_provider:
            capacity.hold_configuration(self._sky, str(params.get("EndpointConfigName")))
        token = pages.member(operation)
        rest = pages.following(token, params) if token else None
        if rest is not None:
            environ, body = wire.rewritten(operation, environ, rest)
            params = rest
        read = stale.read_of(asked.service, operation.name, params)
        if read:
            got = self._read(read, asked, environ, body)
            return got if rest is not None or not token else self._page(token, got, asked, environ, params)
        if stale.changes(operation.name):
            return self._change(asked, environ, body, params)
        return self._ask(asked, environ, body)

    def _read(self, read: stale.Read, asked: Asked, environ: Environ, body: bytes) -> Answer:
        asked_at = time.monotonic()
        fresh = self._outcome(asked, environ, body)
        if not stale.settled(fresh):
            return _given(fresh)
        old = self._memory.older(read, fresh, asked_at)
        self._memory.keep(read, fresh, asked_at)
        if old is not None and self._spared(read, old, environ):
            old = None
        if old is not None and self._sky.happens("stale", f"{read.service}:{read.action}", _STALE):
            what = " (no such thing)" if stale.absent(old) else ""
            self._sky.tell("stale", f"{read.service}:{read.action} {read.params[:120]}{what}")
            return _given(old)
        if not stale.absent(fresh):
            self._memory.show(read)
        return _given(fresh)

    def _spared(self, read: stale.Read, old: stale.Outcome, environ: Environ) -> bool:
        """Say whether Terraform's provider is spared an old answer: it could not bear it, and no code of ours helps.

        It waits until it sees what it made in the services where its users met the lag, and for most kinds only once:
        what it has seen must not vanish again. AWS does not promise either; our own calls must bear both.
        """
        if _PROVIDER not in environ.get("HTTP_USER_AGENT", ""):
            return False
        return read.service not in _PROVIDER_WAITS or (stale.absent(old) and self._memory.shown(read))

    def _page(self, token: str, got: Answer, asked: Asked, environ: Environ, params: Params) -> Answer:
        operation = asked.operation
        what = f"{asked.service}:{operation.name if operation else ''}"
        if operation is None or got.status >= 300 or not self._sky.happens("empty page", what, _EMPTY_PAGE):
            return got
        content_type = environ.get("CONTENT_TYPE", "")
        output = wire.read(operation, content_type, got)
        self._sky.tell("empty page", f"{what} {json.dumps(params, default=str)[:120]}")
        return wire.answer(operation, content_type, pages.emptied(operation, token, output, params))

    def _change(self, asked: Asked, environ: Environ, body: bytes, params: Params) -> Answer:
        assert asked.operation is not None  # noqa: S101 - `ask` has looked
        service, action = asked.service, asked.operation.name
        for read in self._memory.touched(service, action, params):
            self._look(read, environ)
        propagation.changing(service, action, params)
        if service == "events" and action in _RULES:
            deliveries.rule_changed(str(params.get("Rule") or params.get("Name")))
        got = self._ask(asked, environ, body)
        if got.status >= 400:
            return got
        if action == "CreateEndpointConfig":
            capacity.configured(params["EndpointConfigName"])
        agent = environ.get("HTTP_USER_AGENT", "")
        # the provider would do it twice (`keeps_answers`); a task would see an error that is none of AWS's
        self._faults.after(service, action, environ, says=_PROVIDER not in agent, hangs_up=TASK_AGENT not in agent)
        return got

    def _look(self, read: stale.Read, environ: Environ) -> None:
        """Read, as nobody in particular, what a change is about to change."""
        model = service_model(read.service)
        if model is None:
            return
        sent, body = wire.rewritten(model.operation_model(read.action), environ, json.loads(read.params))
        asked = identify(sent, body)
        if asked is None or asked.operation is None or asked.operation.name != read.action:
            return
        outcome = self._outcome(replace(asked, access_key=credentials.ACCESS_KEY), sent, body)
        if stale.settled(outcome):
            self._memory.keep(read, outcome, time.monotonic())

    def _outcome(self, asked: Asked, environ: Environ, body: bytes) -> stale.Outcome:
        try:
            return self._ask(asked, environ, body)
        except AwsError as error:
            return error


def _given(outcome: stale.Outcome) -> Answer:
    if isinstance(outcome, AwsError):
        raise outcome
    return outcome
