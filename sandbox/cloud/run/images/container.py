"""How an image's command line and environment look on this machine, where there is no container around them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cloud.run.images import environments
from sandbox.cloud.run.images.store import Image
from sandbox.cloud.run.shared.processes import Process

ISOLATE = Path(__file__).with_name("isolate.py")
BASE = "/opt/ml"  # where SageMaker's container contract lives inside a container


class CommandError(Exception):
    """The image cannot run what it is asked to run."""


@dataclass(frozen=True)
class Container:
    """An image made ready to run below a folder.

    Paths of the image (those that exist in its file tree) and of the contract (``/opt/ml``) are translated wherever
    they begin a word of the command, a variable, or a part of a search path.

    Attributes
    ----------
    image : Image
        The image.
    packages : Path
        The Python environment of the image's lock (`environments.ensure`).
    folder : Path
        The container's own folder: its home; ``folder/ml`` stands for ``/opt/ml``.
    """

    image: Image
    packages: Path
    folder: Path

    def __post_init__(self) -> None:
        for part in ("ml", "tmp"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)

    @property
    def base(self) -> Path:
        """The folder that stands for /opt/ml."""
        return self.folder / "ml"

    def path(self, text: str) -> str:
        """Translate one path of the container; what is neither of the image nor of the contract stays."""
        if text == BASE or text.startswith(BASE + "/"):
            return str(self.base) + text[len(BASE) :]
        inside = self.image.rootfs / text.lstrip("/")
        return str(inside) if text.startswith("/") and text != "/" and inside.exists() else text

    def workdir(self) -> Path:
        """Return the folder that the command starts in."""
        folder = Path(self.path(self.image.config.get("WorkingDir") or "/"))
        return folder if folder != Path("/") else self.image.rootfs

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment: the image's, then `extra`, nothing of the local cloud's own."""
        own = {name: self._search_path(value) for name, value in self.image.config.get("Env", {}).items()}
        given = {name: self._search_path(value) for name, value in extra.items()}
        path = ":".join(
            [
                str(self.packages / "bin"),
                *(str(self.image.rootfs / part) for part in ("usr/local/bin", "usr/bin", "bin")),
                os.defpath.lstrip(":"),
            ]
        )
        return {
            "LANG": "C.UTF-8",
            **own,
            "PATH": path,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "VIRTUAL_ENV": str(self.packages),
            "SAGEMAKER_BASE_DIR": str(self.base),
            **given,
        }

    def _search_path(self, value: str) -> str:
        return ":".join(self.path(part) for part in value.split(":")) if value.startswith("/") else value

    def command(self, entrypoint: Sequence[str] | None, arguments: Sequence[str]) -> list[str]:
        """Return the program and arguments to start.

        Parameters
        ----------
        entrypoint : sequence of str or None
            Instead of the image's own ENTRYPOINT.
        arguments : sequence of str
            Instead of the image's own CMD; where empty and no entrypoint is given, CMD is used.

        Raises
        ------
        CommandError
            If there is nothing to start, or the program is not in the image.
        """
        config = self.image.config
        words = list(entrypoint or config.get("Entrypoint") or [])
        words += list(arguments) or ([] if entrypoint else list(config.get("Cmd") or []))
        if not words:
            raise CommandError("no command specified: the image has neither ENTRYPOINT nor CMD and the request none")
        program = self._find(words[0])
        return [*self._interpreter(program), str(program), *(self.path(word) for word in words[1:])]

    def _find(self, program: str) -> Path:
        """Look a program up as the container's shell would."""
        if "/" in program:
            translated = Path(self.path(program))
            places = [translated if translated.is_absolute() else self.workdir() / translated]
            if not translated.exists() and Path(program).name.startswith("python"):
                places.append(self.packages / "bin" / Path(program).name)  # e.g. /usr/local/bin/python
        else:
            places = [Path(part) / program for part in self.environment({})["PATH"].split(":")]
        for place in places:
            if place.is_file() and os.access(place, os.X_OK):
                return place
        reason = "permission denied" if any(place.is_file() for place in places) else "no such file or directory"
        raise CommandError(f'exec: "{program}": {reason} in the image')

    def _interpreter(self, program: Path) -> list[str]:
        """Return what runs a script of the image: the kernel would look for its interpreter outside the image."""
        if not program.is_relative_to(self.image.rootfs):
            return []
        with program.open("rb") as file:
            first = file.readline(256)
        if not first.startswith(b"#!"):
            return []
        words = shlex.split(first[2:].decode())
        if Path(words[0]).name == "env":
            words = words[2:] if words[1] == "-S" else words[1:]
        name = words[0] if not Path(words[0]).name.startswith("python") else Path(words[0]).name
        return [str(self._find(name)), *words[1:]]


def start(
    image: Image,
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None],
    *,
    entrypoint: Sequence[str] | None = None,
    isolated: bool = False,
) -> Process:
    """Start an image's command below a folder.

    Parameters
    ----------
    image : Image
        What runs; its packages are installed first if this machine has lost them.
    arguments : sequence of str
        Instead of the image's CMD, e.g. ``["train"]``.
    folder : Path
        The container's own folder; ``folder/ml`` is its /opt/ml.
    environment : mapping
        Added to the image's own variables.
    on_line : callable
        Gets each line of output.
    entrypoint : sequence of str, optional
        Instead of the image's ENTRYPOINT.
    isolated : bool
        Whether the command has no network.

    Raises
    ------
    CommandError
        If the command is not in the image.
    InstallError
        If the image's packages cannot be installed.
    """
    container = Container(image, environments.ensure(image.config["Lock"], on_line), folder)
    command = container.command(entrypoint, arguments)
    if isolated:
        command = [sys.executable, "-I", "-S", str(ISOLATE), *command]
    return Process(command, container.workdir(), container.environment(environment), on_line)
