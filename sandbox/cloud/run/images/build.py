"""Acts a Dockerfile out: files copied, variables kept, the packages of its locks installed."""

from __future__ import annotations

import ctypes.util
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sandbox.cloud.run.images import environments, store
from sandbox.cloud.run.images.dockerfile import Instruction, expand, pairs, parse

_WITHOUT_MEANING = ("useradd", "groupadd", "adduser", "addgroup")  # there are no users in a file tree
_CLEAN_UP = ["rm", "-rf", "/var/lib/apt/lists/*"]
_OPTIONS_WITH_VALUE = ("--python", "--index-url", "--extra-index-url", "--find-links", "-i", "-f", "--target")


class Build:
    """One run of a Dockerfile."""

    def __init__(self, context: Path, rootfs: Path, given: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._context = context
        self._rootfs = rootfs
        self._given = given
        self._say = say
        self._args: dict[str, str] = {}
        self._locks: list[str] = []
        self._folder = PurePosixPath("/")
        self.config: dict[str, Any] = {"Env": {}, "Labels": {}}

    def finish(self) -> None:
        """Install what the Dockerfile's RUN instructions named."""
        lock = "\n".join(self._locks)
        environments.ensure(lock, self._say)
        self.config |= {"Lock": lock, "WorkingDir": str(self._folder)}

    def do(self, instruction: Instruction) -> None:
        """Act one instruction out."""
        getattr(self, "_" + instruction.keyword.lower())(instruction)

    def _variables(self) -> dict[str, str]:
        return {**self._args, **self.config["Env"]}

    def _expanded(self, instruction: Instruction) -> Instruction:
        return Instruction(instruction.line, instruction.keyword, expand(instruction.rest, self._variables()))

    def _from(self, instruction: Instruction) -> None:
        name = next(word for word in self._expanded(instruction).words() if not word.startswith("--"))
        base = re.split("[:@]", name.rsplit("/", 1)[-1])[0]
        if base != "python":
            raise instruction.error(
                f"must name a python image (any registry), got {name}; the local docker has no other"
            )

    def _arg(self, instruction: Instruction) -> None:
        for name, value in pairs(self._expanded(instruction)).items():
            self._args[name] = self._given.get(name, value)

    def _env(self, instruction: Instruction) -> None:
        self.config["Env"] |= pairs(self._expanded(instruction))

    def _label(self, instruction: Instruction) -> None:
        self.config["Labels"] |= pairs(self._expanded(instruction))

    def _workdir(self, instruction: Instruction) -> None:
        self._folder /= expand(instruction.rest, self._variables())
        self._inside(".").mkdir(parents=True, exist_ok=True)

    def _user(self, instruction: Instruction) -> None:
        self.config["User"] = expand(instruction.rest, self._variables())

    def _expose(self, instruction: Instruction) -> None:
        self.config["ExposedPorts"] = self._expanded(instruction).words()

    def _entrypoint(self, instruction: Instruction) -> None:
        self.config["Entrypoint"] = self._exec_form(instruction)

    def _cmd(self, instruction: Instruction) -> None:
        self.config["Cmd"] = self._exec_form(instruction)

    def _exec_form(self, instruction: Instruction) -> list[str]:
        return instruction.words() if instruction.rest.startswith("[") else ["/bin/sh", "-c", instruction.rest]

    def _inside(self, path: str) -> Path:
        return self._rootfs / str(self._folder / path).lstrip("/")

    def _copy(self, instruction: Instruction) -> None:
        mode = None
        words = []
        for word in self._expanded(instruction).words():
            if word.startswith("--from"):
                raise instruction.error("--from needs a second stage; the local docker builds single-stage images only")
            if word.startswith("--chmod="):
                mode = int(word.partition("=")[2], 8)
            elif not word.startswith("--"):
                words.append(word)
        *sources, target = words
        into = self._inside(target)
        found = [path for source in sources for path in self._sources(instruction, source)]
        folder = target.endswith("/") or target == "." or len(found) > 1 or into.is_dir()
        for path in found:
            if path.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(path, into, dirs_exist_ok=True, ignore=ignore)
                copied: Iterable[Path] = (into / file.relative_to(path) for file in path.rglob("*") if file.is_file())
            else:
                place = into / path.name if folder else into
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
                copied = [place]
            for file in copied if mode is not None else ():
                if file.exists():
                    file.chmod(mode or 0)

    def _sources(self, instruction: Instruction, source: str) -> list[Path]:
        pattern = source.lstrip("/").removeprefix("./").rstrip("/")
        found = [self._context] if pattern in ("", ".") else sorted(self._context.glob(pattern))
        if not found:
            raise instruction.error(f'failed to compute cache key: "/{pattern}": not found in the build context')
        return found

    def _run(self, instruction: Instruction) -> None:
        rest = re.sub(r"^(--\S+\s+)+", "", instruction.rest)  # e.g. --mount=type=cache
        for command in re.split(r"&&|;", expand(rest, self._variables())):
            words = shlex.split(command)
            install = re.match(r"(?:python3? -m )?(?:uv )?pip3? (install|sync)\b", " ".join(words))
            if install:
                self._install(instruction, words[words.index(install[1]) + 1 :])
            elif words[:1] == ["mkdir"]:
                for word in words[1:]:
                    if not word.startswith("-"):
                        self._inside(word).mkdir(parents=True, exist_ok=True)
            elif words[:1] == ["chmod"]:
                self._chmod(instruction, words[1:])
            elif words[:1] == ["apt-get"] or words == _CLEAN_UP:
                self._system_packages(instruction, words)
            elif words and words[0] not in _WITHOUT_MEANING:
                raise instruction.error(
                    f"can be `pip install -r LOCK`, `uv pip sync LOCK`, `apt-get install` of shared libraries, mkdir, "
                    f"chmod or useradd in the local docker, got `{command.strip()}`"
                )

    def _system_packages(self, instruction: Instruction, words: list[str]) -> None:
        """Take libraries from this machine, which is the base image here; one that it lacks is told, not installed."""
        names = [word for word in words[1:] if not word.startswith("-")]
        for package in names[1:] if names[:1] == ["install"] else ():
            library = re.fullmatch(r"lib([a-z0-9+.-]*?)[0-9]*", package)
            if library is None:
                raise instruction.error(f"may install shared libraries (libNAME) in the local docker, got `{package}`")
            if ctypes.util.find_library(library[1]) is None:
                self._say(f"This machine has no lib{library[1]}: what needs {package} will not start here.")

    def _chmod(self, instruction: Instruction, words: list[str]) -> None:
        mode, *paths = [word for word in words if word != "-R"]
        for path in paths:
            place = self._inside(path)
            if not place.exists():
                raise instruction.error(f"chmod: cannot access '{path}': no such file or directory")
            if mode.isdigit():
                place.chmod(int(mode, 8))
            elif "x" in mode:
                place.chmod(place.stat().st_mode | 0o111 if "+" in mode else place.stat().st_mode & ~0o111)

    def _install(self, instruction: Instruction, words: list[str]) -> None:
        names: list[str] = []
        given = iter(words)
        for word in given:
            if word in ("-r", "--requirement"):
                names.append(next(given))
            elif word.startswith("--requirement="):
                names.append(word.partition("=")[2])
            elif word in _OPTIONS_WITH_VALUE:
                next(given)
            elif re.match(r"(uv|pip)\b", word) or word.startswith("-"):
                continue
            elif word.endswith((".txt", ".lock")):
                names.append(word)
            else:
                raise instruction.error(f"may install packages from a lock file only, got `{word}`")
        for name in names:
            places = [self._inside(name), Path(str(self._rootfs) + name)]
            lock = next((place for place in places if place.is_file()), None)
            if lock is None:
                raise instruction.error(f"could not open requirements file {name}: no such file in the image")
            self._locks.append(lock.read_text("utf-8"))


def build(context: Path, dockerfile: Path, given: Mapping[str, str], say: Callable[[str], None]) -> store.Image:
    """Build an image from a folder.

    Parameters
    ----------
    context : Path
        What COPY may copy.
    dockerfile : Path
        The Dockerfile.
    given : mapping
        ``--build-arg`` values.
    say : callable
        Gets progress, line by line.

    Raises
    ------
    DockerfileError, InstallError
        With the line and what is wrong.
    """
    instructions = parse(dockerfile)
    with tempfile.TemporaryDirectory(prefix="rootfs-") as folder:
        run = Build(context, Path(folder), given, say)
        for number, instruction in enumerate(instructions, 1):
            say(f"Step {number}/{len(instructions)} : {instruction.keyword} {instruction.rest}")
            run.do(instruction)
        run.finish()
        return store.save(Path(folder), run.config)
