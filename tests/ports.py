"""Ports for local clouds, when several processes of tests run at once."""

from __future__ import annotations

import random
import socket

_BLOCK = 100  # far apart: what listens beside a local cloud does not meet the next one
_BLOCKS = range(10_000, 30_000, _BLOCK)  # below those that the system hands out
_HELD: list[socket.socket] = []


def free_port() -> int:
    """Return the first of a block of ports that no other process of tests has, as long as this process lives."""
    for first in random.sample(_BLOCKS, len(_BLOCKS)):
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # UDP: the block's mark, while TCP stays free
        try:
            held.bind(("127.0.0.1", first))
        except OSError:
            held.close()
            continue
        _HELD.append(held)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", first)):
                return first
    raise AssertionError(f"no port of {_BLOCKS} is free")
