"""What the layers in front of moto remember: named tables of plain records, saved with moto's own state."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
LOCK = threading.RLock()  # guards every table; hold it over read-then-write, never over slow work
_TABLES: dict[str, dict[str, Record]] = {}
_LISTENERS: list[Callable[[str, str, Record], None]] = []
_version = 0


def table(kind: str) -> dict[str, Record]:
    """Return the records of one kind, by name or ARN, e.g. ``table("TrainingJob")["job-1"]``.

    Records hold only what pickles: strings, numbers, bytes, datetimes, lists, dicts. Call `changed` after a write.
    """
    with LOCK:
        return _TABLES.setdefault(kind, {})


def changed() -> None:
    """Say that something is to be saved (the snapshot follows soon after)."""
    global _version  # noqa: PLW0603
    with LOCK:
        _version += 1


def began(kind: str, name: str) -> None:
    """Say that work of a record began: it is written at once, and counts as interrupted if nothing later is."""
    with LOCK:
        for listener in _LISTENERS:
            listener(kind, name, _TABLES[kind][name])
    changed()


def on_begin(listener: Callable[[str, str, Record], None]) -> None:
    """Have a function called with each record whose work begins."""
    _LISTENERS.append(listener)


def version() -> int:
    """Return a number that grows with every change."""
    return _version


def dump() -> dict[str, dict[str, Record]]:
    """Return all tables, for the snapshot."""
    with LOCK:
        return {kind: dict(rows) for kind, rows in _TABLES.items()}


def load(tables: dict[str, dict[str, Record]]) -> None:
    """Replace all tables, from a snapshot."""
    with LOCK:
        _TABLES.clear()
        _TABLES.update(tables)
