"""Stored answers: a client that repeats a request because the answer was lost gets the answer, not a second effect."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.cloud.server.wire import Answer

_MOST = 4096
_MOST_BYTES = 64 * 2**20
_LARGEST = 2**20  # larger bodies are downloads: asking again has no effect but the time


@dataclass
class _Slot:
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None


class StoredAnswers:
    """Answers by the SDK's invocation id, within a bound of number and size.

    Only successes are kept: an error changed nothing, and a client may be repeating the request because of it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: collections.OrderedDict[str, _Slot] = collections.OrderedDict()
        self._bytes = 0

    def once(self, invocation: str, repeated: bool, work: Callable[[], Answer]) -> Answer:
        """Do the work, unless the request is repeated and its first attempt succeeded or is still running.

        Parameters
        ----------
        invocation : str
            The value of ``amz-sdk-invocation-id``.
        repeated : bool
            Whether ``amz-sdk-request`` says attempt 2 or later.
        work : callable
            Must not raise.
        """
        with self._lock:
            earlier = self._slots.get(invocation) if repeated else None
        if earlier:
            earlier.done.wait()
            if earlier.answer:
                return earlier.answer
        slot = _Slot()
        with self._lock:
            self._slots[invocation] = slot
        try:
            got = work()
            if got.status < 400 and len(got.body) <= _LARGEST:
                slot.answer = got
                self._count(invocation, slot)
        finally:
            slot.done.set()
            if slot.answer is None:
                with self._lock:
                    if self._slots.get(invocation) is slot:
                        del self._slots[invocation]
        return got

    def _count(self, invocation: str, slot: _Slot) -> None:
        with self._lock:
            if self._slots.get(invocation) is not slot or slot.answer is None:
                return
            self._bytes += len(slot.answer.body)
            while len(self._slots) > _MOST or self._bytes > _MOST_BYTES:
                oldest = next((key for key, kept in self._slots.items() if kept.done.is_set()), None)
                if oldest is None:
                    return
                dropped = self._slots.pop(oldest)
                self._bytes -= len(dropped.answer.body) if dropped.answer else 0
