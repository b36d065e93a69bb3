"""The reference workload with something changed, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from workloads import folder as folders
from workloads import spec
from workloads.spec import Workload


def flights(folder: Path, change: Callable[[dict[str, Any]], None] | None = None, **files: str) -> Workload:
    """Copy the flights, change them and read them.

    Parameters
    ----------
    folder : Path
        Where they are written.
    change : callable, optional
        Changes the workload file's document.
    **files : str
        Text that is added to a file, by its name with ``__`` for the dot: ``features__sql="-- more"``.
    """
    contents = folders.files(spec.folder("flights"))
    document = yaml.safe_load(contents[folders.FILE])
    if change is not None:
        change(document)
        contents[folders.FILE] = yaml.safe_dump(document, sort_keys=False).encode()
    for name, text in files.items():
        file = name.replace("__", ".")
        contents[file] = contents.get(file, b"") + text.encode()
    folders.write(contents, folder)
    return spec.load(folder / folders.FILE)
