"""The bundle: the folders that an image is built from, as an archive that depends on their content alone."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WORKLOAD_FILE = "workload.yaml"
"""A folder that holds one is a workload, an artifact of its own: what is edited there must rebuild no image."""
_FIRST_ZIP_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """An archive of source folders.

    Attributes
    ----------
    content : bytes
        A zip file. The same files give the same bytes on every machine: entries are sorted, carry no time, no owner
        and no permission but "executable", and are stored, because what deflate writes depends on its version.
    digest : str
        SHA-256 of `content`, in hex.
    """

    content: bytes
    digest: str


def bundle(root: Path, folders: Sequence[str]) -> Bundle:
    """Archive `folders` of `root`, without workloads, caches and hidden files.

    Raises
    ------
    ValueError
        If a folder is missing or empty, or a file is a symbolic link, whose target the archive could not promise.
        All such problems are named at once.
    """
    problems: list[str] = []
    files: list[Path] = []
    for folder in folders:
        found = sorted(_files(root / folder))
        if not found:
            problems.append(f"folder {folder!r} must hold files, found none in {root}. Run from the project's folder.")
        links = [path for path in found if path.is_symlink()]
        problems += [
            f"{path.relative_to(root)} must be a file, is a symbolic link. Put the file here." for path in links
        ]
        files += found
    if problems:
        raise ValueError("\n".join(["The image's bundle cannot be made:", *(f"  - {problem}" for problem in problems)]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files, key=lambda path: path.relative_to(root).as_posix()):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _FIRST_ZIP_MOMENT)
            entry.create_system = 3  # Unix, so that the permission below is read
            entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    content = buffer.getvalue()
    return Bundle(content, hashlib.sha256(content).hexdigest())


def _files(folder: Path) -> Iterator[Path]:
    workloads = {path.parent for path in folder.rglob(WORKLOAD_FILE)}
    for path in folder.rglob("*"):
        if not workloads.isdisjoint(path.parents):
            continue
        parts = path.relative_to(folder).parts
        if any(part == "__pycache__" or part.startswith(".") for part in parts) or path.suffix == ".pyc":
            continue
        if path.is_file() or path.is_symlink():
            yield path
