"""Which servers answer for an endpoint right now. One reference a name, replaced in one step: that is the switch."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.run.endpoints.plan import VariantPlan
from sandbox.cloud.run.endpoints.server import VariantServer

_CHANGED = threading.Condition()
_FLEETS: dict[str, Fleet] = {}


@dataclass(frozen=True)
class Fleet:
    """The servers of one endpoint configuration.

    Attributes
    ----------
    configuration : dict
        As DescribeEndpointConfig shows it.
    servers : dict
        By variant.
    weights : dict
        By variant; changed in place by UpdateEndpointWeightsAndCapacities.
    """

    endpoint: str
    configuration: dict[str, Any]
    servers: dict[str, VariantServer]
    weights: dict[str, float]

    def retire(self) -> None:
        """Let the calls under way finish, then stop the processes and remove their files."""
        _together([server.retire for server in self.servers.values()])


def start(endpoint: str, configuration: dict[str, Any], plans: list[VariantPlan]) -> Fleet:
    """Start a server for every variant and wait until all are healthy.

    Raises
    ------
    UnhealthyError
        The first reason; nothing of the fleet is left running then.
    """
    servers = {plan.variant: VariantServer(endpoint, plan) for plan in plans}
    fleet = Fleet(endpoint, configuration, servers, {plan.variant: plan.weight for plan in plans})
    try:
        _together([server.start for server in fleet.servers.values()])
    except BaseException:
        fleet.retire()
        raise
    return fleet


def _together(actions: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(max_workers=max(len(actions), 1)) as pool:
        for done in [pool.submit(action) for action in actions]:
            done.result()


def switch(endpoint: str, fleet: Fleet | None) -> Fleet | None:
    """Make a fleet the one that answers (None: nobody does) and return the one that did until now."""
    with _CHANGED:
        before = _FLEETS.pop(endpoint, None)
        if fleet is not None:
            _FLEETS[endpoint] = fleet
        _CHANGED.notify_all()
    return before


def stop_all(grace: float) -> None:
    """Stop every process at once, without waiting for calls; for the end of the local cloud."""
    with _CHANGED:
        servers = [server for fleet in _FLEETS.values() for server in fleet.servers.values()]
    _together([functools.partial(server.stop, grace) for server in servers])


def weigh(endpoint: str, weights: dict[str, float]) -> None:
    """Change the weights of the fleet that answers."""
    with _CHANGED:
        if endpoint in _FLEETS:
            _FLEETS[endpoint].weights.update(weights)


def enter(endpoint: str, variant_of: Callable[[Fleet], str], wait: float) -> tuple[Fleet, VariantServer]:
    """Choose a server of the fleet that answers now, held until the caller releases it.

    Parameters
    ----------
    endpoint : str
        Its name.
    variant_of : callable
        ``variant_of(fleet)`` names the variant.
    wait : float
        Seconds to wait for a fleet that is still starting (after a restart of the local cloud).

    Raises
    ------
    LookupError
        If nobody answers.
    """
    until = time.monotonic() + wait
    with _CHANGED:
        while endpoint not in _FLEETS:
            if not _CHANGED.wait(max(until - time.monotonic(), 0)):
                raise LookupError(endpoint)
        fleet = _FLEETS[endpoint]
        server = fleet.servers[variant_of(fleet)]
        server.hold()  # under the lock: who switches the fleet retires it only after this call is counted
    return fleet, server
