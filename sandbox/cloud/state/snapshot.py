"""One snapshot of everything that the local cloud knows, replaced atomically after calls that change something."""

from __future__ import annotations

import logging

from sandbox.cloud.settings import Settings

_log = logging.getLogger(__name__)


class Keeper:
    """Saves the state a moment after it changed, in the background, and loads it at start."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.folder / "state"

    def touch(self) -> None:
        pass

    def load(self) -> None:
        pass

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass
