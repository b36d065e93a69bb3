"""Requests as they look on the wire, where a client would hide what is tested."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.cloud import credentials
from sandbox.cloud.settings import Settings


@dataclass
class Said:
    """An answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


def post(
    settings: Settings, service: str, target: str, body: dict[str, Any], *, invocation: str = "", attempt: int = 1
) -> Said:
    """Send a request of a JSON protocol, signed with the account's own keys."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    if invocation:
        headers |= {"amz-sdk-invocation-id": invocation, "amz-sdk-request": f"attempt={attempt}; max=5"}
    request = AWSRequest("POST", settings.endpoint_url + "/", headers, json.dumps(body).encode())
    return send(signed(settings, service, request))


def signed(settings: Settings, service: str, request: AWSRequest) -> AWSRequest:
    """Sign a request with the account's own keys, and return it."""
    keys = Credentials(credentials.ACCESS_KEY, credentials.secret(settings.folder))
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(keys, service, settings.region).add_auth(request)
    return request


def send(made: AWSRequest) -> Said:
    """Send a request as it is; urllib would take a body without a type for a form."""
    headers = {"Content-Type": "application/octet-stream", **dict(made.headers.items())}
    request = urllib.request.Request(made.url, made.body or None, headers, method=made.method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as got:  # noqa: S310
            return Said(got.status, dict(got.headers), got.read().decode())
    except urllib.error.HTTPError as refused:
        with refused:
            return Said(refused.code, dict(refused.headers), refused.read().decode())
