"""States of backends that nobody has asked for yet: read when somebody does, so that a start need not wait for them.

Some of moto's modules take seconds to import (Parameter Store's brings EC2's, Step Functions' a parser), and a state
cannot be read without its backend's module.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.moto import states
from sandbox.cloud.moto.states import Place

_log = logging.getLogger(__name__)
_Key = tuple[str, str, str]  # module, account, region: no module of moto's has two services


@dataclass(frozen=True)
class Dumped:
    """A backend's state as bytes, and the digests of the bodies that it refers to."""

    state: bytes
    bodies: frozenset[str]


class Waiting:
    """The states that wait, and the hook by which moto's backends get them.

    Parameters
    ----------
    read : callable
        ``read(backend, state)`` puts a state into a backend.
    """

    def __init__(self, read: Callable[[Any, Dumped], None]) -> None:
        self._read = read
        self._states: dict[_Key, tuple[Place, Dumped]] = {}
        self._reading: set[_Key] = set()
        self.lock = threading.RLock()  # held while a state is read, and while all states are written

    def add(self, place: Place, dumped: Dumped) -> None:
        """Let a state wait until its backend is asked for."""
        module, _, account, region = place
        self._states[module, account, region] = (place, dumped)

    def hook(self) -> None:
        """Have moto ask here whenever it looks a backend up."""
        states.on_look_up(self._asked)

    def _asked(self, module: str, account: str, region: str, backend: Any) -> None:
        key = (module, account, region)
        if key in self._states:
            self._fill(key, backend)

    def _fill(self, key: _Key, backend: Any) -> None:
        with self.lock:
            if key in self._reading or key not in self._states:  # a state may refer to the backend that it belongs to
                return
            self._reading.add(key)
            try:
                self._read(backend, self._states[key][1])
            finally:
                self._reading.discard(key)
            del self._states[key]

    def left(self) -> dict[Place, Dumped]:
        """Return the states that still wait."""
        with self.lock:
            return dict(self._states.values())

    def fill_all(self) -> None:
        """Ask for every backend whose state waits."""
        for place in self.left():
            try:
                states.live(place)
            except Exception:
                _log.exception("the state of %s cannot be read", place[0])
