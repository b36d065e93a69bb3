"""Reads that show what was a moment ago, as from a copy of the data that lags behind.

An old answer is given only if it was true within the service's lag. So that there is one even for what nobody has read
yet, the reads of a thing are asked just before the thing is changed.
"""

from __future__ import annotations

import collections
import functools
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.moto.protocols import service_model
from sandbox.cloud.server.wire import Answer

Outcome = Answer | AwsError

# Seconds. docs/local-cloud.md says for each service whether AWS documents it.
LAGS = {
    "cloudwatch": 3.0,
    "codebuild": 2.0,
    "dynamodb": 2.0,
    "ecr": 2.0,
    "events": 3.0,
    "iam": 8.0,
    "kms": 3.0,
    "logs": 4.0,
    "resourcegroupstaggingapi": 4.0,
    "s3": 2.0,  # of buckets; objects are read as they were written
    "sagemaker": 3.0,
    "sagemaker-featurestore-runtime": 2.0,
    "scheduler": 2.0,
    "sns": 2.0,
    "ssm": 2.0,
    "stepfunctions": 3.0,
}
_READ = re.compile(r"^(BatchGet|BatchDescribe|Describe|Get|List|Head|Query|Scan|Search)")
_CHANGE = re.compile(r"^(BatchWrite|Batch|Create|Put|Update|Delete|Start|Stop|Attach|Detach|Add|Remove|Set|Transact)")
_BUCKET_READS = (
    "HeadBucket",
    "ListBuckets",
)  # of settings the provider waits for some only, and would fail for the others
_ITEMS = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"}
_GONE = re.compile(r"NotFound|NoSuch|NotExist|not exist|not find|cannot be found|no such|unknown", re.IGNORECASE)
_REQUEST_ID = re.compile(rb"<RequestId>[^<]*</RequestId>", re.IGNORECASE)
_KEPT_SECONDS = 120.0  # a read that nobody repeats for so long is forgotten
_ASKED_AGAIN = 6  # at most, of the reads that a change touches


@dataclass(frozen=True)
class Read:
    """One read: what is asked for, whoever asks."""

    service: str
    action: str
    params: str

    @functools.cached_property
    def topic(self) -> str:
        """What it is about."""
        return topic(self.service, self.action, json.loads(self.params))


@dataclass
class _Seen:
    outcomes: collections.deque[tuple[float, Outcome]] = field(default_factory=lambda: collections.deque(maxlen=40))
    asked: float = 0.0
    shown: bool = False  # somebody has been told that it is there


class Memory:
    """The answers of the last moments."""

    def __init__(self) -> None:
        self._seen: dict[Read, _Seen] = {}
        self._lock = threading.Lock()

    def keep(self, read: Read, outcome: Outcome, at: float) -> None:
        """Remember what was true at a time."""
        with self._lock:
            seen = self._seen.setdefault(read, _Seen())
            seen.outcomes.append((at, outcome))
            seen.asked = at
            if absent(outcome):
                seen.shown = False

    def show(self, read: Read) -> None:
        """Remember that somebody was told that the thing is there."""
        with self._lock:
            self._seen.setdefault(read, _Seen()).shown = True

    def shown(self, read: Read) -> bool:
        """Say whether somebody was told that the thing is there."""
        with self._lock:
            return read in self._seen and self._seen[read].shown

    def older(self, read: Read, fresh: Outcome, now: float) -> Outcome | None:
        """Return the oldest answer within the service's lag that says something else, or None."""
        since = now - LAGS[read.service]
        with self._lock:
            seen = self._seen.get(read)
            kept = list(seen.outcomes) if seen else []
        return next((was for at, was in kept if at >= since and _said(was) != _said(fresh)), None)

    def touched(self, service: str, action: str, params: Params) -> list[Read]:
        """Return the reads that a change may change: those known of the same topic, and the one by the same names."""
        about, now = topic(service, action, params), time.monotonic()
        with self._lock:
            for read in [read for read, seen in self._seen.items() if now - seen.asked > _KEPT_SECONDS]:
                del self._seen[read]
            known = [
                (seen.asked, read)
                for read, seen in self._seen.items()
                if read.service == service and (read.topic.startswith(about) or about.startswith(read.topic))
            ]
        newest = [read for _, read in sorted(known, key=lambda found: found[0], reverse=True)][:_ASKED_AGAIN]
        return list(dict.fromkeys([*_unasked(service, about, params), *newest]))


def read_of(service: str, action: str, params: Params) -> Read | None:
    """Return the read that a call is, or None if it is none, or one that AWS promises to answer with the newest."""
    if service not in LAGS or not _READ.match(action):
        return None
    if service == "s3" and action not in _BUCKET_READS:
        return None
    if service == "dynamodb" and (params.get("ConsistentRead") or action.startswith(("Transact", "Batch"))):
        return None
    return Read(service, action, json.dumps(params, sort_keys=True, default=str))


def changes(action: str) -> bool:
    """Say whether an action changes something."""
    return not _READ.match(action) and not action.startswith(("Invoke", "Validate", "Lookup", "AssumeRole", "Decrypt"))


def topic(service: str, action: str, params: Params) -> str:
    """Return what a call is about: ``Endpoint`` for CreateEndpoint and ListEndpoints, a table for its items."""
    if service == "dynamodb" and action in _ITEMS:
        return f"items of {params.get('TableName')}"
    noun = _CHANGE.sub("", _READ.sub("", action))
    return noun.removesuffix("s")


def settled(outcome: Outcome) -> bool:
    """Say whether an outcome tells what is: an answer, or that there is no such thing; not that one may not look."""
    if isinstance(outcome, AwsError):
        return bool(_GONE.search(f"{outcome.code} {outcome.message}"))
    return outcome.status < 400 or (
        outcome.status < 500 and bool(_GONE.search(outcome.body.decode("utf-8", "replace")))
    )


def absent(outcome: Outcome) -> bool:
    """Say whether an outcome is that there is no such thing."""
    return isinstance(outcome, AwsError) or outcome.status >= 400


def _said(outcome: Outcome) -> tuple[Any, ...]:
    if isinstance(outcome, AwsError):
        return (outcome.code, outcome.message)
    return (outcome.status, _REQUEST_ID.sub(b"", outcome.body))


def _unasked(service: str, about: str, params: Params) -> Iterator[Read]:
    """Yield the Describe or Get call that the names in a change's parameters are enough for."""
    for action, required in _describing(service, about):
        if required and required <= params.keys():
            found = read_of(service, action, {name: params[name] for name in sorted(required)})
            if found:
                yield found


@functools.cache
def _describing(service: str, about: str) -> tuple[tuple[str, frozenset[str]], ...]:
    model = service_model(service)
    if model is None:
        return ()
    found = []
    for action in (f"Describe{about}", f"Get{about}"):
        if action in model.operation_names:
            shape = model.operation_model(action).input_shape
            found.append((action, frozenset(shape.required_members if shape else ())))
    return tuple(found)
