"""The rooms' modules: every one is imported at start, so that its handlers are registered, and its hooks are run."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from types import ModuleType

_ROOMS = ("control", "run", "events")
_log = logging.getLogger(__name__)


def discover() -> list[ModuleType]:
    """Import every module of the rooms and return them in a stable order."""
    modules = []
    for room in _ROOMS:
        package = importlib.import_module(f"sandbox.cloud.{room}")
        names = sorted(found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
        modules += [importlib.import_module(name) for name in names]
    return modules


def run_hooks(modules: list[ModuleType], name: str) -> None:
    """Call ``on_start`` or ``on_stop`` where a module has it; one that fails is logged and the others still run."""
    for module in modules:
        hook = getattr(module, name, None)
        if hook is None or getattr(hook, "__module__", None) != module.__name__:
            continue
        try:
            hook()
        except Exception:
            _log.exception("%s of %s failed", name, module.__name__)
