"""The one way in which a part of the local cloud takes over an AWS action: register a function for it.

A handler gets the call's parameters as botocore's service model names them and returns the output as botocore would
show it; parsing and serialising are the server's. What no handler takes goes to moto.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Params = dict[str, Any]


class AwsError(Exception):
    """An error as AWS reports it: a code that clients match on, a message, and an HTTP status.

    `fields` are the further members of the error's shape, e.g. ``OriginalStatusCode`` of a ModelError.
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes
    ----------
    service : str
        botocore's service name, e.g. ``sagemaker``, ``sagemaker-runtime``, ``stepfunctions``, ``s3``.
    action : str
        botocore's operation name, e.g. ``CreateTrainingJob``.
    params : dict
        Input members as in botocore; blobs are bytes, timestamps are aware datetimes.
    role_arn : str or None
        The role behind the caller's temporary credentials; None for the account's own (administrator) keys.
    forward : callable
        ``forward()`` asks moto and returns its answer, parsed; ``forward(params)`` with other parameters.
    """

    service: str
    action: str
    params: Params
    account: str
    region: str
    role_arn: str | None = None
    forward: Callable[..., Params] = field(default=lambda *_: {}, repr=False)


Handler = Callable[[Call], Params]
Handlers = Mapping[tuple[str, str], Handler]
_HANDLERS: dict[tuple[str, str], Handler] = {}


def handles(service: str, *actions: str) -> Callable[[Handler], Handler]:
    """Register a function for actions of a service; a second registration of the same action is a mistake."""

    def register(handler: Handler) -> Handler:
        for action in actions:
            if (service, action) in _HANDLERS:
                raise ValueError(f"{service}:{action} already has a handler, {_HANDLERS[service, action].__qualname__}")
            _HANDLERS[service, action] = handler
        return handler

    return register


def handler_for(service: str, action: str) -> Handler | None:
    """Return who takes over an action, or None where moto answers."""
    return _HANDLERS.get((service, action))


def registered() -> Handlers:
    """Return who takes over which action, by service and action, as far as modules have been imported."""
    return dict(_HANDLERS)
