"""Runs one command without a network: ``python -I -S isolate.py COMMAND...``.

What SageMaker's network isolation is to a container: the command sees a loopback interface of its own and nothing
behind it, so neither this machine's servers nor the world. Where the machine permits no network namespace (a container
that forbids them, a kernel without them) it says so and goes on without: the command then has no credentials and no
address, and is only as isolated as it is polite.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET of sched.h; os.unshare comes with 3.12
_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS, IFF_UP


def leave_the_network() -> None:
    """Move this process into a network of its own, with its loopback interface up.

    Raises
    ------
    OSError
        If the machine does not permit it.
    """
    user, group = os.getuid(), os.getgid()
    try:
        _unshare(_NEW_NET)
    except PermissionError:  # not root: become it in a user namespace of our own, under the same number
        _unshare(_NEW_USER | _NEW_NET)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        fcntl.ioctl(some, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _unshare(what: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(what):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    try:
        leave_the_network()
    except (OSError, AttributeError) as error:
        print(f"The local cloud cannot take the network away from this job: {error}", file=sys.stderr, flush=True)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is wanted
