"""A model's files are what its digest says, or nothing is loaded."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from inference import artifact
from inference.artifact import ArtifactError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    model.mkdir()
    (model / "estimator.pkl").write_bytes(b"a tree")
    (model / "plan.json").write_text("{}")
    return model


def test_the_same_files_give_the_same_digest_and_the_same_archive(folder: Path, tmp_path: Path) -> None:
    digest = artifact.write_manifest(folder, "flights")
    first = artifact.archive(folder)
    copy = tmp_path / "copy"
    artifact.unpack(first, copy)
    os.utime(copy / "plan.json", (0, 0))
    (copy / "plan.json").chmod(0o600)
    assert artifact.verify(copy, digest) == artifact.write_manifest(copy, "flights") == digest
    assert artifact.archive(copy) == first


def test_changed_missing_and_added_files_are_all_named(folder: Path) -> None:
    digest = artifact.write_manifest(folder, "flights")
    (folder / "estimator.pkl").write_bytes(b"b tree")
    (folder / "plan.json").unlink()
    (folder / "sitecustomize.py").write_text("")
    with pytest.raises(ArtifactError) as refused:
        artifact.verify(folder, digest)
    for part in ("estimator.pkl was changed", "plan.json is missing", "sitecustomize.py is not listed"):
        assert part in str(refused.value)


def test_another_model_with_a_right_manifest_of_its_own_is_refused(folder: Path) -> None:
    digest = artifact.write_manifest(folder, "flights")
    (folder / "estimator.pkl").write_bytes(b"b tree")
    other = artifact.write_manifest(folder, "flights")
    with pytest.raises(ArtifactError, match=f"digest must be {digest}, got {other}"):
        artifact.verify(folder, digest)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "files": {"a": 1}}', '{"format": 9, "files": {}}'])
def test_a_manifest_that_cannot_be_read_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match="manifest"):
        artifact.verify(folder)


def test_a_model_without_manifest_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no manifest\.json"):
        artifact.verify(folder)


def test_an_archive_that_leaves_its_folder_or_is_none_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("../escaped")
        tar.addfile(member, io.BytesIO())
    for body in (packed.getvalue(), b"no archive"):
        with pytest.raises(ArtifactError, match=r"must be a tar\.gz archive of plain files"):
            artifact.unpack(body, tmp_path / "into")
    assert not (tmp_path / "escaped").exists()
