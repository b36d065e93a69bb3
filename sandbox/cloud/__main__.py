"""``python -m sandbox.cloud``: the local cloud in the foreground."""

from __future__ import annotations

import os
import sys

from sandbox.cloud import process, settings
from sandbox.cloud.run.shared.sockets import FolderError
from sandbox.cloud.server.serving import PortInUseError, serve
from sandbox.cloud.state.snapshot import StateError


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    at = settings.current()
    at.folder.mkdir(parents=True, exist_ok=True)
    if process.status(at).running:
        sys.stderr.write(f"the local cloud is {process.status(at).message} already\n")
        return 1
    if (_held := process.hold(at)) is None:  # until this process ends
        sys.stderr.write(f"{process.folder_in_use(at)}\n")
        return 1
    pid_file = process.pid_file(at)
    try:
        serve(at, lambda: pid_file.write_text(str(os.getpid())))
    except (PortInUseError, StateError, FolderError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    pid_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # all is saved and closed; to take moto's modules apart would need seconds
