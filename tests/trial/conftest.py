from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import trial
from trial.cache import Cache
from workloads.flights import ingest

FLIGHTS = Path(ingest.__file__).parent
QUICK = {"max_iter: 150": "max_iter: 10", "minimum: 0.72": "minimum: 0.6"}


@pytest.fixture(scope="session")
def january(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flights of January, as they lie in the lake."""
    folder = tmp_path_factory.mktemp("january")
    for file in ingest.files(["2013-01"]):
        path = folder / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
    return folder


@dataclass(frozen=True)
class Tried:
    """A first trial of the flights, and the cache that it left."""

    found: trial.Trial
    cache: Path


@pytest.fixture(scope="session")
def tried(january: Path, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    folder = tmp_path_factory.mktemp("tried")
    return Tried(trial.run(copy_of_flights(folder), january, cache=Cache(folder / "cache")), folder / "cache")


@pytest.fixture(scope="session")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where trials are tracked: one folder, because MLflow takes seconds to make a database."""
    return tmp_path_factory.mktemp("tracking")


@pytest.fixture
def first(tried: Tried) -> trial.Trial:
    return tried.found


@pytest.fixture
def cache(tried: Tried, tmp_path: Path) -> Cache:
    """What the first trial left, for this test alone."""
    shutil.copytree(tried.cache, tmp_path / "cache")
    return Cache(tmp_path / "cache")


@pytest.fixture
def flights(tmp_path: Path) -> Path:
    """The workload of the first trial, for this test alone."""
    return copy_of_flights(tmp_path)


def copy_of_flights(where: Path) -> Path:
    """Copy the workload, with a smaller model."""
    folder = where / "flights"
    folder.mkdir()
    for name in ("workload.yaml", "features.sql"):
        shutil.copy(FLIGHTS / name, folder / name)
    replace(folder / "workload.yaml", QUICK)
    return folder


def replace(path: Path, texts: dict[str, str]) -> None:
    """Replace texts that must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in texts.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def by(table: pd.DataFrame, name: str) -> Any:
    """Return the rows of a table by one column."""
    return table.set_index(name).to_dict("index")
