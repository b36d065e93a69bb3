"""A workload's folder: what it contributes, under which digest, and the classes of its own."""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workloads import folder, spec
from workloads.problems import ProblemsError


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    """Leave no folder in use."""
    before = list(sys.meta_path)
    yield
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.split(".")[0] == folder.ALIAS]:
        del sys.modules[name]


def own(place: Path, number: int) -> Path:
    """Make a folder with a class of its own, whose answer is a number."""
    place.mkdir(parents=True)
    (place / "numbers.py").write_text(f"NUMBER = {number}\n")
    (place / "model.py").write_text(
        "from workload.numbers import NUMBER\n\n\nclass Constant:\n    def answer(self):\n        return NUMBER\n"
    )
    return place


def constant() -> Any:
    return importlib.import_module("workload.model").Constant()


def test_a_folder_contributes_what_jobs_and_models_need_and_nothing_else(tmp_path: Path) -> None:
    for name in ("workload.yaml", "features.sql", "model.py", "ingest.py", "__init__.py", "test_model.py", "notes.md"):
        (tmp_path / name).write_text(name)
    (tmp_path / "data.py").mkdir()
    assert folder.files(tmp_path) == {name: name.encode() for name in ("features.sql", "model.py", "workload.yaml")}


def test_the_digest_is_of_names_and_bytes_alone(tmp_path: Path) -> None:
    contents = folder.files(spec.folder("flights"))
    folder.write(contents, tmp_path / "elsewhere" / "workload")
    again = folder.files(tmp_path / "elsewhere" / "workload")
    assert folder.digest(again) == folder.digest(dict(reversed(contents.items())))
    (tmp_path / "elsewhere" / "workload" / "ingest.py").write_text("")
    assert folder.digest(folder.files(tmp_path / "elsewhere" / "workload")) == folder.digest(contents)
    for changed in (
        {**contents, "features.sql": contents["features.sql"] + b" "},
        {**contents, "more.py": b""},
        {("f.sql" if name == "features.sql" else name): body for name, body in contents.items()},
    ):
        assert folder.digest(changed) != folder.digest(contents)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(b"# caf\xe9")
    with pytest.raises(ProblemsError, match=r"model\.py.* must be UTF-8 text"):
        folder.files(tmp_path)


def test_a_workload_knows_its_folder_also_when_it_was_changed() -> None:
    workload = spec.named("flights")
    assert workload.model_copy(update={"name": "other"}).folder == spec.folder("flights")
    unread = spec.Workload.model_validate(workload.model_dump())
    with pytest.raises(ValueError, match="must be read from its folder"):
        assert unread.folder


def test_another_folder_brings_its_own_classes(tmp_path: Path) -> None:
    folder.use(own(tmp_path / "one", 1))
    assert constant().answer() == 1
    folder.use(own(tmp_path / "two", 2))
    assert constant().answer() == 2


def test_the_same_folder_keeps_its_classes_until_a_file_of_it_changes(tmp_path: Path) -> None:
    place = own(tmp_path / "one", 1)
    folder.use(place)
    first = type(constant())
    folder.use(place)
    assert type(constant()) is first
    (place / "numbers.py").write_text("NUMBER = 3\n")  # as long as before, in the same second
    folder.use(place)
    assert constant().answer() == 3


def test_a_pickle_is_read_from_wherever_the_folder_lies_then(tmp_path: Path) -> None:
    folder.use(own(tmp_path / "repository" / "flights", 1))
    packed = pickle.dumps(constant())
    folder.use(own(tmp_path / "model" / "workload", 1))
    found = pickle.loads(packed)  # noqa: S301
    assert found.answer() == 1
    assert type(found).__module__ == "workload.model"
    assert str(tmp_path / "model") in sys.modules["workload.model"].__spec__.origin  # type: ignore[union-attr,operator]


def test_importing_leaves_no_file_behind(tmp_path: Path) -> None:
    place = own(tmp_path / "one", 1)
    before = sorted(place.rglob("*"))
    folder.use(place)
    constant()
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("name", ["ingest", "test_model", "os", "nothing"])
def test_what_the_folder_does_not_contribute_is_not_imported(tmp_path: Path, name: str) -> None:
    place = own(tmp_path / "one", 1)
    for file in ("ingest.py", "test_model.py"):
        (place / file).write_text("")
    folder.use(place)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"workload.{name}")
