"""Runs one command and ends it, with all it started, when whoever asked for it is gone or says so.

The local cloud starts every job, build and server through this file: ``python -I -S guard.py COMMAND...``. Standard
input is the only tie: a ``T`` asks the command to terminate, a ``K`` kills it, and the end of the stream (which the
kernel sends even after ``kill -9`` of the local cloud) kills it too. A parent-death signal would not do: Linux sends
it when the *thread* that started the process ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run the command in a process group of its own and return its exit code (128 + number after a signal)."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        return 127 if isinstance(error, FileNotFoundError) else 126

    def signal_group(number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)

    def listen() -> None:
        while order := os.read(0, 1):
            signal_group(signal.SIGKILL if order == b"K" else signal.SIGTERM)
        signal_group(signal.SIGKILL)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal_group(signal.SIGTERM))
    threading.Thread(target=listen, daemon=True).start()
    code = child.wait()
    signal_group(signal.SIGKILL)  # what the command left running in the background
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # not sys.exit: the listening thread may hold the interpreter's stdin lock
