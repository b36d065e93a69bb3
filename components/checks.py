"""Checks of plain arguments, made before a component registers anything."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi


class ArgumentsError(pulumi.RunError, ValueError):
    """Arguments that break rules; Pulumi shows the message without a traceback."""


def require(component: str, rules: Iterable[tuple[bool, str]]) -> None:
    """Raise one error that names every broken rule.

    Parameters
    ----------
    component : str
        The component whose arguments are checked, as the error should call it.
    rules : iterable of (bool, str)
        Whether each rule holds, and what to say if it does not: "`field` must be RULE, got VALUE. REMEDY".

    Raises
    ------
    ArgumentsError
        If any rule does not hold.
    """
    broken = [message for holds, message in rules if not holds]
    if broken:
        raise ArgumentsError("\n".join([f"{component} cannot be made:", *(f"  - {message}" for message in broken)]))
