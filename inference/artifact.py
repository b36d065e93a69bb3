"""A model's files and their manifest, whose digest is the model's digest.

SageMaker pins neither the version nor the bytes of a model archive, so whoever loads a model checks it: each file
against the manifest, the manifest against the digest that the model package carries.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
WORKLOAD = "workload"
"""The folder of a model that holds its workload's files: the contract that it answers by."""
_FORMAT = 1


class ArtifactError(ValueError):
    """A model's files are not what they should be."""


def write_manifest(folder: Path, workload: str) -> str:
    """Describe the files of a model in ``manifest.json``.

    Parameters
    ----------
    folder : Path
        The model's folder.
    workload : str
        Name of the workload that the model belongs to.

    Returns
    -------
    str
        The model's digest, ``sha256:<hex>`` of the manifest. It depends on the files' content alone.
    """
    files = {name: _describe((folder / name).read_bytes()) for name in _names(folder)}
    manifest = {"format": _FORMAT, "workload": workload, "files": files}
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return digest(text.encode())


def verify(folder: Path, expected: str | None = None) -> str:
    """Check a model's files against its manifest, and the manifest against a digest.

    Parameters
    ----------
    folder : Path
        The model's folder.
    expected : str, optional
        The digest that the manifest must have.

    Returns
    -------
    str
        The model's digest.

    Raises
    ------
    ArtifactError
        If a file is missing, added or changed, or the digest is another.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(f"The model in {folder} has no {MANIFEST}. Package it with training.package.")
    body = path.read_bytes()
    found = digest(body)
    if expected is not None and found != expected:
        raise ArtifactError(
            f"The model's digest must be {expected}, got {found}. The artifact is not the one that was registered: "
            "restore it, or register and approve the new one."
        )
    files = _listed(body)
    problems = [f"{name} is missing" for name in sorted(set(files) - set(_names(folder)))]
    problems += [f"{name} is not listed" for name in sorted(set(_names(folder)) - set(files))]
    for name in sorted(set(files) & set(_names(folder))):
        if _describe((folder / name).read_bytes()) != files[name]:
            problems.append(f"{name} was changed")
    if problems:
        raise ArtifactError(f"The model's files must be those of its manifest: {', '.join(problems)}.")
    return found


def archive(folder: Path, *, compressed: bool = True) -> bytes:
    """Pack a model as ``model.tar.gz``: the same files give the same bytes.

    Parameters
    ----------
    folder : Path
        The model's folder.
    compressed : bool
        False where another machine must make the same bytes, too: what deflate writes depends on its version.
    """
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in [MANIFEST, *_names(folder)]:
            body = (folder / name).read_bytes()
            member = tarfile.TarInfo(name)  # no owner, no times: TarInfo's defaults are constants
            member.size, member.mode = len(body), 0o644
            tar.addfile(member, io.BytesIO(body))
    packed = io.BytesIO()
    level = 9 if compressed else 0
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=level, mtime=0) as stream:
        stream.write(tar_bytes.getvalue())
    return packed.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Unpack a ``model.tar.gz`` into a folder.

    Raises
    ------
    ArtifactError
        If it is no archive, or would write outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArtifactError(f"The model must be a tar.gz archive of plain files: {error}.") from error


def digest(body: bytes) -> str:
    """Return ``sha256:<hex>``."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _names(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(name for path in paths if (name := path.relative_to(folder).as_posix()) != MANIFEST)


def _describe(body: bytes) -> dict[str, Any]:
    return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _listed(body: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(body)
        files = {str(name): dict(described) for name, described in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"The model's {MANIFEST} cannot be read: {error!r}. Package the model again.") from error
    if manifest.get("format") != _FORMAT:
        raise ArtifactError(f"The manifest's format must be {_FORMAT}, got {manifest.get('format')}. Package it again.")
    return files
