"""The dynamic resource that lets a tracking server's birth be tried again after it failed."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.births import calls
from components.births.calls import TRACKING_SERVER
from components.births.provider import BirthArgs, BirthProvider


class TrackingBirthProvider(BirthProvider):
    """Clears what a failed birth left, also when the stack is destroyed: the server goes before it."""

    kind = TRACKING_SERVER

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Clear what a birth left that failed and was never tried again."""
        calls.clear(TRACKING_SERVER, _props)


class TrackingBirth(Resource, module="training", name="TrackingBirth"):
    """The conditions of a tracking server's birth."""

    def __init__(self, name: str, args: BirthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the birth."""
        super().__init__(TrackingBirthProvider(), name, args.inputs(TRACKING_SERVER), opts)
