"""Files that are there whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from machine import files

KILLED = """
import os, pathlib, signal, sys
from machine import files
with files.whole(pathlib.Path(sys.argv[1])) as unfinished:
    unfinished.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_replaces_what_was_there_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for" / "it.json"
    for text in ("first", "second"):
        with files.whole(path) as unfinished:
            unfinished.write_text(text)
        assert path.read_text() == text
    assert [one.name for one in path.parent.iterdir()] == ["it.json"]
    assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0


def test_until_it_is_written_there_is_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "it.json"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), files.whole(path) as unfinished:
        unfinished.write_text("half")
        assert path.read_text() == "before"
        raise KeyboardInterrupt
    assert [one.name for one in tmp_path.iterdir()] == ["it.json"]
    assert path.read_text() == "before"


def test_what_a_killed_process_wrote_has_another_name(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "it.json")], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(files.UNFINISHED)


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert files.cache_folder("try") == tmp_path / "elsewhere" / "headrace" / "try"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.cache_folder("try") == tmp_path / ".cache" / "headrace" / "try"
