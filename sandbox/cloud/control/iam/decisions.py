"""What was asked of IAM, and what it said: one line of JSON for each decision that differs from all before.

The file is ``decisions.jsonl`` in the local cloud's folder of state. Each line is an object with

``principal``
    The ARN of the role that acted, or the name of the service that acted by a resource policy.
``action``, ``resource``
    e.g. ``s3:PutObject`` and an ARN, or ``*`` for an action that knows no resource.
``decision``
    ``allowed`` or ``denied``.
``context``
    The condition keys of the request, in lower case, each with a list of values, without those that are the same for
    every request of the role (`USUAL`) or that are new each time (`FLEETING`).

They are the arguments of ``iam:SimulateCustomPolicy``: ActionNames, ResourceArns, ContextEntries. Names that AWS or the
local cloud makes up (job names, versions, key ids in them) are the local cloud's. The calls of the account's own keys,
to which nothing is denied, are left out.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sandbox.cloud import settings

FILE = "decisions.jsonl"
_MOST = 20_000  # lines; a cloud that runs for weeks asks the same of ever new objects
USUAL = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:sourceip",
    "aws:viaawsservice",
    "s3:authtype",
    "s3:signatureversion",
    "s3:tlsversion",
}
FLEETING = {
    "aws:currenttime",
    "aws:epochtime",
    "s3:if-match",
    "s3:x-amz-content-sha256",
    "s3:x-amz-copy-source",
    "s3:x-amz-date",
    "s3:x-amz-security-token",
    "s3:x-amz-decoded-content-length",
    "s3:x-amz-trailer",
    "s3:x-amz-user-agent",
}
_LOCK = threading.Lock()
_KNOWN: dict[Path, set[str]] = {}


def record(principal: str, action: str, resources: Iterable[str], context: dict[str, list[str]], allowed: bool) -> None:
    """Write a decision down, unless the same was made before."""
    kept = {
        key: values
        for key, values in sorted(context.items())
        if key not in USUAL and key not in FLEETING and not key.startswith("s3:x-amz-checksum-")
    }
    line = json.dumps(
        {
            "principal": principal,
            "action": action,
            "resource": next(iter(resources), "*"),
            "decision": "allowed" if allowed else "denied",
            "context": kept,
        }
    )
    path = settings.current().folder / FILE
    with _LOCK:
        known = _KNOWN.get(path)
        if known is None:
            known = _KNOWN[path] = set(_whole_lines(path))
        if line in known or len(known) >= _MOST:
            return
        known.add(line)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the decisions of a local cloud's folder; none if it made none."""
    return [json.loads(line) for line in _whole_lines(folder / FILE)]


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a file, after cutting off one that was being written when its writer was killed."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, "utf-8")
    return whole.splitlines()
