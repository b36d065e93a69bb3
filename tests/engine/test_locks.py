"""A pulumi that was killed does not keep the next one out."""

import json
import os
import socket
import subprocess
from pathlib import Path

from sandbox import locks


def _lock(backend: Path, process: int, host: str) -> Path:
    file = backend / ".pulumi" / "locks" / "organization" / "headrace" / "local" / f"{process}-{host}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        json.dumps({"pid": process, "username": "me", "hostname": host, "timestamp": "2026-01-01T00:00:00Z"})
    )
    return file


def test_only_the_locks_of_ended_processes_of_this_machine_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = _lock(tmp_path, ended.pid, socket.gethostname())
    held = _lock(tmp_path, os.getpid(), socket.gethostname())
    elsewhere = _lock(tmp_path, ended.pid, "another-machine")
    assert locks.release_dead(tmp_path) == [dead]
    assert not dead.exists()
    assert held.exists()
    assert elsewhere.exists()


def test_a_backend_without_locks_is_left_alone(tmp_path: Path) -> None:
    assert locks.release_dead(tmp_path) == []
