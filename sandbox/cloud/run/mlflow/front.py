"""The way to tracking servers: calls are signed, as on AWS, and a browser gets in by a presigned URL."""

from __future__ import annotations

import http.client
import secrets
import threading
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam import authorization
from sandbox.cloud.control.iam.authorization import Session
from sandbox.cloud.run.mlflow import servers
from sandbox.cloud.run.mlflow.rights import SERVICE, action_of
from sandbox.cloud.server import wire
from sandbox.cloud.server.wire import Answer

_ARN = "HTTP_X_MLFLOW_SM_TRACKING_SERVER_ARN"
_COOKIE = "headrace-mlflow"
_PASSED_ON = ("CONTENT_TYPE", "HTTP_ACCEPT", "HTTP_X_MLFLOW_AUTHORIZATION", "HTTP_USER_AGENT")
_OWN_HEADERS = {"connection", "transfer-encoding", "date", "server", "keep-alive"}
_SECONDS = 60.0
_LINK_SECONDS, _VISIT_SECONDS = 300, 43_200  # AWS's defaults


@dataclass(frozen=True)
class _Pass:
    """Lets a browser in: a link once, its cookie until it is over."""

    server: str
    session: Session | None
    until: float
    lasts: float = 0.0


_links: dict[str, _Pass] = {}
_visits: dict[str, _Pass] = {}
_lock = threading.Lock()


@handles("sagemaker", "CreatePresignedMlflowTrackingServerUrl")
def _presign(call: Call) -> Params:
    name = call.params["TrackingServerName"]
    url = servers.url(name)
    if url is None:
        raise AwsError("ResourceNotFound", f"Tracking server {name} does not exist.")
    lasts = call.params.get("SessionExpirationDurationInSeconds", _VISIT_SECONDS)
    until = time.monotonic() + call.params.get("ExpiresInSeconds", _LINK_SECONDS)
    token = secrets.token_urlsafe(32)
    with _lock:
        _tidy()
        _links[token] = _Pass(name, authorization.caller_session(), until, lasts)
    return {"AuthorizedUrl": f"{url}/auth?authToken={token}"}


def signed(environ: dict[str, Any], body: bytes, session: Session | None) -> Answer:
    """Pass on a call whose signature was found right, if the role behind it may make it."""
    path = environ["PATH_INFO"]
    name, inside = _inside(path) or (environ.get(_ARN, "").rpartition("/")[2], path)
    try:
        return _pass_on(name, inside, environ, body, session)
    except AwsError as refused:
        return wire.error(refused, "rest-json", SERVICE)


def page(environ: dict[str, Any], body: bytes) -> Answer | None:
    """Answer a browser that has a presigned URL or its cookie, or say how to get one; None for all other requests."""
    found = _inside(environ["PATH_INFO"])
    if found is None or "HTTP_AUTHORIZATION" in environ:
        return None
    name, inside = found
    if inside == "/auth":
        return _enter(name, environ)
    with _lock:
        visit = _visits.get(_cookie(environ))
    if visit is None or visit.server != name or time.monotonic() > visit.until:
        text = "MLflow's page is opened by a presigned URL: `.venv/bin/python -m sandbox mlflow` prints one.\n"
        return Answer(403, [("Content-Type", "text/plain; charset=utf-8")], text.encode())
    try:
        return _pass_on(name, inside, environ, body, visit.session)
    except AwsError as refused:
        return wire.error(refused, "rest-json", SERVICE)


def _inside(path: str) -> tuple[str, str] | None:
    """Return the server's name and the rest of a path below `mlflow.PATH`."""
    if not path.startswith(servers.PATH):
        return None
    name, slash, rest = path.removeprefix(servers.PATH).partition("/")
    return name, slash + rest or "/"


def _enter(name: str, environ: dict[str, Any]) -> Answer:
    token = parse_qs(environ.get("QUERY_STRING", "")).get("authToken", [""])[0]
    with _lock:
        link = _links.pop(token, None)
        if link is None or link.server != name or time.monotonic() > link.until:
            return Answer(
                403, [("Content-Type", "text/plain")], b"The presigned URL was used already, or is too old.\n"
            )
        visit = secrets.token_urlsafe(32)
        _visits[visit] = _Pass(name, link.session, time.monotonic() + link.lasts)
    home = f"{servers.PATH}{quote(name)}/"
    cookie = f"{_COOKIE}={visit}; Path={home}; HttpOnly; SameSite=Strict; Max-Age={int(link.lasts)}"
    return Answer(303, [("Location", home), ("Set-Cookie", cookie), ("Referrer-Policy", "no-referrer")])


def _cookie(environ: dict[str, Any]) -> str:
    found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(_COOKIE)
    return found.value if found else ""


def _tidy() -> None:
    now = time.monotonic()
    for kept in (_links, _visits):
        for token in [token for token, one in kept.items() if now > one.until]:
            del kept[token]


def _pass_on(name: str, path: str, environ: dict[str, Any], body: bytes, session: Session | None) -> Answer:
    at = settings.current()
    arn = f"arn:aws:sagemaker:{at.region}:{at.account}:mlflow-tracking-server/{name}"
    if session and (action := action_of(path)):
        authorization.require(session, SERVICE, action, (arn,), {})
    connection = servers.connection(name, _SECONDS)
    if connection is None:
        raise AwsError("ResourceNotFoundException", f"Tracking server {name} does not exist or does not run.", 404)
    headers = {key.removeprefix("HTTP_").replace("_", "-"): environ[key] for key in _PASSED_ON if key in environ}
    query = environ.get("QUERY_STRING")
    try:
        connection.request(
            environ["REQUEST_METHOD"],
            quote(path.encode("latin-1")) + (f"?{query}" if query else ""),
            body or None,
            headers,
        )
        got = connection.getresponse()
        kept = [(key, value) for key, value in got.getheaders() if key.lower() not in _OWN_HEADERS]
        return Answer(got.status, kept, got.read())
    except (OSError, http.client.HTTPException) as error:
        raise AwsError("ServiceUnavailable", f"Tracking server {name} does not answer: {error}", 503) from error
    finally:
        connection.close()
