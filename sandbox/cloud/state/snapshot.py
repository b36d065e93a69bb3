"""One snapshot of everything that the local cloud knows, replaced atomically after calls that change something."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from typing import Any

from sandbox.cloud.moto import pickling, s3, states
from sandbox.cloud.settings import Settings
from sandbox.cloud.state import records
from sandbox.cloud.state.bodies import Bodies
from sandbox.cloud.state.journal import Journal
from sandbox.cloud.state.waiting import Dumped, Waiting

_FORMAT = f"4, moto {states.VERSION}"  # of another, a snapshot cannot be read for certain
_QUIET_SECONDS = 0.2  # how long after a change the snapshot is written
_SHARE = 5  # at most one part in this many of the time is spent on snapshots
_REST_SECONDS = 5.0  # after the start; what somebody asks for is read at once
_TRIES = 8
_log = logging.getLogger(__name__)


class StateError(RuntimeError):
    """The state on disk cannot be read; the message says what to do."""


class Keeper:
    """Saves the state a moment after it changed, in the background, and loads it at start.

    A process that is killed loses what happened in the last moments before, except that work had begun; what is in the
    file is always whole.

    Parameters
    ----------
    settings : Settings
        The state lies in ``folder/state``.
    """

    def __init__(self, settings: Settings) -> None:
        self._account = settings.account
        self._folder = settings.folder / "state"
        self._file = self._folder / "snapshot.pickle"
        self._bodies = Bodies(self._folder / "objects")
        self._waiting = Waiting(self._read)
        self._journal = Journal(self._folder)
        self._changes = 0
        self._saved: tuple[int, int] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def touch(self) -> None:
        """Say that a call may have changed something of moto's."""
        self._changes += 1

    @property
    def saved(self) -> bool:
        """Whether the snapshot holds everything that happened."""
        return self._version() == self._saved

    def load(self) -> None:
        """Take the state from the last snapshot, if there is one."""
        began = time.monotonic()
        try:
            if self._file.exists():
                self._take(pickle.loads(self._file.read_bytes()))  # noqa: S301 - our own file
            for kind, name, record in self._journal.entries():
                records.table(kind)[name] = record  # written after the snapshot was begun
        except Exception as unreadable:
            raise StateError(
                f"the state in {self._folder} was written by another version of the local cloud, or is damaged "
                f"({type(unreadable).__name__}: {unreadable}). `make clean` begins anew."
            ) from unreadable
        _log.info("state loaded in %.1f s", time.monotonic() - began)

    def _take(self, kept: dict[str, Any]) -> None:
        if kept["format"] != _FORMAT:
            raise ValueError(f"format {kept['format']}, not {_FORMAT}")
        records.load(pickle.loads(kept["records"]))  # noqa: S301 - our own file
        for place, dumped in kept["backends"].items():
            self._waiting.add(place, dumped)
        self._waiting.hook()
        for place in self._waiting.left():
            if states.wanted_now(place):
                states.live(place)
        s3.restore_owners()

    def _read(self, backend: Any, dumped: Dumped) -> None:
        backend.__dict__.update(pickling.load(dumped.state, states.live, self._bodies))

    def start(self) -> None:
        """Begin to save in the background, and read what is left of the last snapshot."""
        records.on_begin(self._journal.add)
        self._thread.start()
        later = threading.Timer(_REST_SECONDS, self._waiting.fill_all)
        later.daemon = True
        later.start()

    def stop(self) -> None:
        """Save a last time."""
        self._stopping.set()
        self._thread.join()
        self.save()

    def save(self) -> None:
        """Write the snapshot now, if something changed since the last."""
        version = self._version()
        if self.saved:
            return
        with records.LOCK:
            self._journal.turn()
            # before moto's state, so that what the records tell of (a finished job's objects) is there with them
            written = pickle.dumps(records.dump())
        with self._waiting.lock:
            backends = self._waiting.left()
            for place, backend in states.backends(self._account):
                if place not in backends:
                    backends[place] = self._dumped(backend)
        whole = pickle.dumps({"format": _FORMAT, "records": written, "backends": backends})
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".new")
        partial.write_bytes(whole)
        partial.replace(self._file)
        self._journal.forget()
        self._bodies.sweep({digest for dumped in backends.values() for digest in dumped.bodies})
        self._saved = version

    def _dumped(self, backend: Any) -> Dumped:
        """Write a backend's state, again where a request changed it meanwhile."""
        for attempt in range(_TRIES):
            self._bodies.used = set()
            try:
                return Dumped(pickling.dump(backend, self._bodies), frozenset(self._bodies.used))
            except RuntimeError:  # "dictionary changed size during iteration"
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.02)
        raise AssertionError

    def _version(self) -> tuple[int, int]:
        return (self._changes, records.version())

    def _run(self) -> None:
        while not self._stopping.wait(_QUIET_SECONDS):
            if self.saved:
                continue
            began = time.monotonic()
            try:
                self.save()
            except Exception:
                _log.exception("the snapshot failed; the last one stays")
            self._stopping.wait((_SHARE - 1) * (time.monotonic() - began))
