"""Where moto keeps its backends, for who writes and reads their states."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from typing import Any

Place = tuple[str, str, str, str]  # module, variable, account, region
VERSION = importlib.metadata.version("moto")
_WALKED = ("events", "iam", "s3")  # through whose backends moto goes without asking for each


def backends(account: str) -> Iterator[tuple[Place, Any]]:
    """Return an account's backends that have been asked for something, with the place to find each again."""
    from moto.core.base_backend import BackendDict  # noqa: PLC0415 - moto is configured by then

    for known in list(BackendDict._instances):
        module = known.backend.__module__
        variable = next(name for name, value in vars(sys.modules[module]).items() if value is known)
        for owner in (account, "global"):
            for region, backend in list(dict.get(known, owner, {}).items()):
                yield (module, variable, owner, region), backend


def live(place: Place) -> Any:
    """Return the backend of a place."""
    module, variable, account, region = place
    return getattr(importlib.import_module(module), variable)[account][region]


def wanted_now(place: Place) -> bool:
    """Return whether the backend of a place may be used without having been asked for."""
    for service in _WALKED:
        importlib.import_module(f"moto.{service}.models")
    return place[0] in sys.modules


def on_look_up(found: Callable[[str, str, str, Any], None]) -> None:
    """Have a function told whenever moto looks a backend up: its module, account and region, and the backend."""
    from moto.core.base_backend import AccountSpecificBackend  # noqa: PLC0415 - moto is configured by then

    look_up = AccountSpecificBackend.__getitem__

    def told(known: Any, region: str) -> Any:
        backend = look_up(known, region)
        found(known.backend.__module__, known.account_id, "aws" if region == "global" else region, backend)
        return backend

    AccountSpecificBackend.__getitem__ = told
