"""Whether the weather is bad, chance that can be repeated, and the log of what was done."""

from __future__ import annotations

import collections
import functools
import hashlib
import threading
import time
from datetime import datetime

from sandbox.cloud import settings
from sandbox.cloud.settings import BAD, Settings


class Sky:
    """Chance by a seed, and the log.

    What is drawn hangs on the seed, on what is asked for and on how often that was asked for, never on names (Pulumi
    chooses them anew each time) or on the clock. So the same seed does the same, as far as it does not matter which of
    several concurrent calls of one action comes first.

    Parameters
    ----------
    at : Settings
        The seed, and the folder of the log.
    """

    def __init__(self, at: Settings) -> None:
        self._seed = at.seed
        self._file = at.folder / "weather.log"
        self._counts: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self.began = time.monotonic()

    def draw(self, kind: str, what: str = "") -> float:
        """Return a number from 0 to 1; another one each time."""
        about = f"{self._seed}/{kind}/{what}"
        with self._lock:
            self._counts[about] += 1
            count = self._counts[about]
        return _number(f"{about}/{count}")

    def of_the_seed(self, kind: str) -> float:
        """Return a number from 0 to 1 that stays the same for the seed."""
        return _number(f"{self._seed}/{kind}")

    def happens(self, kind: str, what: str, chance: float) -> bool:
        """Decide whether something happens that has a chance."""
        return self.draw(kind, what) < chance

    def tell(self, kind: str, text: str) -> None:
        """Write down what was done, so that a failure can be explained."""
        now = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        with self._lock, self._file.open("a", encoding="utf-8") as log:
            log.write(f"{now} {kind:<10} {text}\n")


def _number(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def current() -> Sky | None:
    """Return the bad weather's sky, or None in fair weather."""
    at = settings.current()
    return _sky(at) if at.weather == BAD else None


@functools.cache
def _sky(at: Settings) -> Sky:
    at.folder.mkdir(parents=True, exist_ok=True)
    return Sky(at)
