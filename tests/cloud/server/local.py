"""Requests as they look on the wire, where a client would hide what is tested."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

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
    """Send a request of a JSON protocol, signed by nobody in particular."""
    credential = f"local/20260101/us-east-1/{service}/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
    }
    if invocation:
        headers |= {"amz-sdk-invocation-id": invocation, "amz-sdk-request": f"attempt={attempt}; max=5"}
    request = urllib.request.Request(settings.endpoint_url, json.dumps(body).encode(), headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as got:  # noqa: S310
            return Said(got.status, dict(got.headers), got.read().decode())
    except urllib.error.HTTPError as refused:
        with refused:
            return Said(refused.code, dict(refused.headers), refused.read().decode())
