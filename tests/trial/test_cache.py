from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pytest

from trial.cache import Cache

TABLE = pa.table({"a": pa.array([1, None, 3], pa.int64()), "b": ["x", "y", None]})


def again() -> NoReturn:
    raise AssertionError("it was computed again")


def test_what_was_computed_is_read_the_next_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first = cache.table("key", lambda: TABLE)
    second = Cache(tmp_path).table("key", again)
    assert (first.cached, second.cached) == (False, True)
    assert second.table.equals(TABLE, check_metadata=True)
    assert second.seconds == first.seconds


def test_the_default_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Cache().at == tmp_path / "headrace" / "try"


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    Cache(tmp_path / "cache").table("key", lambda: TABLE)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    assert (tmp_path / "cache" / "key.parquet").stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.table("key", lambda: TABLE)
    path = tmp_path / "key.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    assert not cache.table("key", lambda: TABLE).cached
    assert cache.table("key", again).table.equals(TABLE)


def test_a_run_that_ends_while_it_writes_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)

    def killed(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.write_table", killed)
    with pytest.raises(KeyboardInterrupt):
        cache.table("key", lambda: TABLE)
    assert list(tmp_path.iterdir()) == []


def test_contents_are_kept_too(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.content("objects/a", lambda: b"content") == b"content"
    assert cache.content("objects/a", again) == b"content"


def test_what_a_killed_run_was_writing_goes_when_it_is_old(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for name, age in ((".writing-old", 7200), (".writing-new", 60)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    cache.prune()
    assert [path.name for path in tmp_path.iterdir()] == [".writing-new"]


def test_the_files_used_least_recently_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for number, name in enumerate("abc"):
        cache.table(name, lambda: TABLE)
        os.utime(tmp_path / f"{name}.parquet", (number, number))
    cache.table("a", again)
    limit = sum((tmp_path / f"{name}.parquet").stat().st_size for name in "ac")  # each holds the seconds that it took
    Cache(tmp_path, limit=limit).prune()
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "c"]


def test_a_type_that_parquet_lacks_is_computed_each_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    odd = pa.table({"a": pa.array([None], pa.month_day_nano_interval())})
    assert cache.table("key", lambda: odd).table is odd
    assert cache.problem
    assert not cache.table("key", lambda: odd).cached
