"""The bundle depends on its files' content, names and executability, and on nothing else."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from components.image.bundle import bundle

ROOT = Path(__file__).parents[3]


def tree(root: Path) -> Path:
    (root / "training").mkdir(parents=True)
    (root / "training" / "train.py").write_text("print(1)\n")
    (root / "image" / "bin").mkdir(parents=True)
    script = root / "image" / "bin" / "train"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return root


def digest(root: Path) -> str:
    return bundle(root, ["training", "image"]).digest


def test_the_same_content_gives_the_same_bytes_elsewhere_and_later(tmp_path: Path) -> None:
    first, second = tree(tmp_path / "a"), tree(tmp_path / "b")
    os.utime(second / "training" / "train.py", (0, 0))
    (second / "training" / "train.py").chmod(0o600)
    assert bundle(first, ["training", "image"]) == bundle(second, ["image", "training"])


def test_the_digest_is_that_of_the_archive(tmp_path: Path) -> None:
    made = bundle(tree(tmp_path), ["training"])
    assert made.digest == hashlib.sha256(made.content).hexdigest()


def test_another_content_gives_another_digest(tmp_path: Path) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / "training" / "train.py").write_text("print(2)\n")
    assert digest(tmp_path) != before


def test_another_name_gives_another_digest(tmp_path: Path) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / "training" / "train.py").rename(tmp_path / "training" / "fit.py")
    assert digest(tmp_path) != before


def test_programs_stay_executable(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle(tree(tmp_path), ["training", "image"]).content)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes == {"image/bin/train": 0o755, "training/train.py": 0o644}


def test_caches_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / "training" / "__pycache__").mkdir()
    (tmp_path / "training" / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"x")
    (tmp_path / "training" / ".DS_Store").write_bytes(b"x")
    assert digest(tmp_path) == before


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "training" / "link.py").symlink_to("train.py")
    with pytest.raises(ValueError, match="bundle cannot be made") as caught:
        bundle(tmp_path, ["training", "inference"])
    told = str(caught.value)
    assert "training/link.py must be a file, is a symbolic link" in told
    assert "folder 'inference' must hold files" in told


def test_entries_carry_no_time_and_are_regular_files_of_unix(tmp_path: Path) -> None:
    made = bundle(tree(tmp_path), ["training", "image"])
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        entries = archive.infolist()
        assert [entry.filename for entry in entries] == ["image/bin/train", "training/train.py"]
        assert archive.read("training/train.py") == b"print(1)\n"
    assert {(entry.date_time, entry.create_system) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 3)}
    assert {entry.external_attr for entry in entries} == {0o100755 << 16, 0o100644 << 16}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}


def test_a_link_that_leads_nowhere_is_a_problem_too(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "training" / "link.py").symlink_to("nowhere.py")
    with pytest.raises(ValueError, match=r"training/link\.py must be a file, is a symbolic link"):
        bundle(tmp_path, ["training"])


def test_only_the_owner_s_right_to_execute_counts(tmp_path: Path) -> None:
    before = digest(tree(tmp_path))
    (tmp_path / "training" / "train.py").chmod(0o611)
    assert digest(tmp_path) == before
    (tmp_path / "training" / "train.py").chmod(0o744)
    assert digest(tmp_path) != before


def test_a_workload_is_no_part_of_the_image(tmp_path: Path) -> None:
    before = digest(tree(tmp_path))
    workload = tmp_path / "training" / "examples" / "mine"
    (workload / "inner").mkdir(parents=True)
    for name in ("workload.yaml", "features.sql", "ingest.py", "inner/more.py"):
        (workload / name).write_text(name)
    assert digest(tmp_path) == before
    (workload.parent / "shared.py").write_text("")
    assert digest(tmp_path) != before


def test_the_flights_are_not_in_this_repository_s_image() -> None:
    made = bundle(ROOT, ["workloads"])
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        names = archive.namelist()
    assert "workloads/spec.py" in names
    assert not [name for name in names if name.startswith("workloads/flights/")]
