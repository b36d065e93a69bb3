"""A workload's folder as an artifact: the files that it contributes, their digest, and the classes in it.

The image holds code and libraries only. What a data scientist writes is uploaded under its digest, mounted into jobs
and packed into each model, so a model answers by the contract that it was trained with, whatever the image says today.

A class of the folder's own is imported as ``workload.<module>.<Class>``, whatever the folder is called and wherever it
lies: in the repository, in a job's mount, in a model.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from workloads.problems import Problem, ProblemsError

FILE = "workload.yaml"
SQL = "features.sql"
ALIAS = "workload"
"""The package that the folder in use is imported as."""


def files(folder: Path) -> dict[str, bytes]:
    """Read the files that a folder contributes, by name and in the order of names.

    They are ``workload.yaml``, ``features.sql`` and the modules beside them, but for ``ingest.py``, which loads a
    demo's data, ``__init__.py`` and tests.

    Raises
    ------
    workloads.problems.ProblemsError
        If one is not UTF-8 text.
    """
    found, problems = {}, []
    for path in sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else ():
        if path.is_file() and _contributes(path.name):
            found[path.name] = path.read_bytes()
            try:
                found[path.name].decode("utf-8")
            except UnicodeDecodeError as error:
                remedy = "Save the file as UTF-8."
                problems.append(
                    Problem(field="file", rule="be UTF-8 text", value=error.reason, remedy=remedy, place=f"{path}:0")
                )
    if problems:
        raise ProblemsError(problems)
    return found


def digest(contents: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of names and bytes, in hex; when and where the files were written does not matter.

    Parameters
    ----------
    contents : mapping of str to bytes
        Files by name.
    """
    each = {name: hashlib.sha256(body).hexdigest() for name, body in contents.items()}
    return hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()


def write(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in contents.items():
        (folder / name).write_bytes(body)


def use(folder: Path) -> None:
    """Let ``workload.<module>`` mean a folder's modules from now on.

    Modules of another folder, or of another content, are dropped, so that what is imported next is this folder's.
    Nothing of it is run before it is imported.
    """
    wanted = _Finder(folder)
    current = next((one for one in sys.meta_path if isinstance(one, _Finder)), None)
    if current is not None:
        if current.key == wanted.key:
            return
        sys.meta_path.remove(current)
    for name in [name for name in sys.modules if name == ALIAS or name.startswith(f"{ALIAS}.")]:
        del sys.modules[name]
    sys.meta_path.insert(0, wanted)


def _contributes(name: str) -> bool:
    if name in (FILE, SQL):
        return True
    return name.endswith(".py") and name not in ("ingest.py", "__init__.py") and not name.startswith("test_")


class _Source(SourceFileLoader):
    """Compiles each time: a cache beside the files would be a file that no manifest lists, and could be stale."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Finder(MetaPathFinder):
    """Finds the modules of one folder, as they are now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        contents = files(folder)
        self.key = (self._folder, digest(contents))
        self._modules = {f"{ALIAS}.{name.removesuffix('.py')}": name for name in contents if name.endswith(".py")}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == ALIAS:
            package = ModuleSpec(ALIAS, None, is_package=True)
            package.submodule_search_locations = []  # what the path finder must not find beside the folder's files
            return package
        if fullname not in self._modules:
            return None
        file = str(self._folder / self._modules[fullname])
        return spec_from_file_location(fullname, file, loader=_Source(fullname, file))
