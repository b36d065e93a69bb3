"""Building the engine's parts: Go programs from modules, and the files that go beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.engine import pins

HERE = Path(__file__).parent
CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
BRIDGE = "."
NAMES = {CLI: "pulumi", BRIDGE: "headrace"}  # what Go calls the programs: the last part of a package's path
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
LINKER = f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{pins.PULUMI} -X main.version={pins.AWS_PLUGIN}"
# The build is most of what a newcomer waits for: no debugging information, fewer garbage collections in the compiler.
OPTIONS = ["-tags", "osusergo,grpcnotrace", "-gcflags", "all=-dwarf=false", "-ldflags", LINKER]
GO_ENVIRONMENT = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off", "CGO_ENABLED": "0", "GOGC": "400"}
FROM_SDK = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")

_TOLD_LINES = 15

# The engine starts this with the engine's address as the only argument and the project's folder as working directory.
LAUNCHER = """#!/bin/sh
# Start the language host with an interpreter that has the pulumi package: HEADRACE_PYTHON, the active virtual
# environment, or a .venv here or in a folder above.
here=$(dirname "$0")
if [ -n "${HEADRACE_PYTHON:-}" ]; then exec "$HEADRACE_PYTHON" -u "$here/language_host.py" "$@"; fi
if [ -x "${VIRTUAL_ENV:-/none}/bin/python" ]; then exec "$VIRTUAL_ENV/bin/python" -u "$here/language_host.py" "$@"; fi
folder=$PWD
while [ "$folder" != "/" ]; do
  if [ -x "$folder/.venv/bin/python" ]; then exec "$folder/.venv/bin/python" -u "$here/language_host.py" "$@"; fi
  folder=$(dirname "$folder")
done
exec python3 -u "$here/language_host.py" "$@"
"""


class BuildError(Exception):
    """A part could not be built; the message has the last lines of what the tool said."""


class GoBuilder:
    """Builds programs of one module with one Go.

    Parameters
    ----------
    go : Path
        The `go` command.
    log : Path
        A file that everything the tools say is appended to.
    """

    def __init__(self, go: Path, log: Path) -> None:
        self._go = go
        self._log = log

    def fetch(self, programs: Sequence[str], note: Callable[[str], None]) -> int:
        """Download the modules that programs need; return how many packages there are."""
        modules = 0

        def said(line: str) -> None:
            nonlocal modules
            if line.startswith("go: downloading"):
                modules += 1
                note(f"{modules} modules")

        return len(self._run(["list", *OPTIONS, "-deps", *programs], said)) - modules

    def build(self, programs: Sequence[str], to: Path, packages: int, note: Callable[[str], None]) -> None:
        """Compile and link programs whose modules are there, into a folder."""
        compiled = 0

        def said(line: str) -> None:
            nonlocal compiled
            if line and not line.startswith(("#", "\t", "go:")):
                compiled += 1
                note(f"{compiled} of at most {packages} packages")

        to.mkdir()
        self._run(["build", "-v", *OPTIONS, "-o", f"{to}{os.sep}", *programs], said)

    def module_folder(self, module: str) -> Path:
        """Return where a module lies unpacked."""
        return Path(self._run(["list", "-m", "-f", "{{.Dir}}", module], lambda _: None)[-1])

    def _run(self, arguments: list[str], said: Callable[[str], None]) -> list[str]:
        """Run `go`; return the lines it wrote, each of which `said` hears as it comes."""
        lines: list[str] = []
        with (
            self._log.open("a") as log,
            subprocess.Popen(
                [str(self._go), *arguments],
                cwd=HERE / "bridge",
                env=os.environ | GO_ENVIRONMENT,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    log.write(line)
                    lines.append(line.rstrip())
                    said(lines[-1])
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            raise BuildError(self._failure(arguments[0], process.returncode, lines))
        return lines

    def _failure(self, what: str, code: int, lines: list[str]) -> str:
        told = "\n".join(f"    {line}" for line in lines[-_TOLD_LINES:])
        proxy = os.environ.get("GOPROXY") or "see `go env GOPROXY`"
        return (
            f"`go {what}` in sandbox/engine/bridge failed with exit code {code}:\n{told}\n"
            f"  The whole output is in {self._log}. Modules come from GOPROXY ({proxy}). "
            "Run this again once that is repaired: what was downloaded and compiled is kept."
        )


def language_files(builder: GoBuilder, to: Path) -> None:
    """Put the language host, its launcher and the SDK's two scripts into the folder of programs."""
    sdk = builder.module_folder(SDK_MODULE)
    for name in FROM_SDK:
        _executable(to / Path(name).name, (sdk / name).read_text())
    shutil.copyfile(HERE / "language_host.py", to / "language_host.py")
    _executable(to / "pulumi-language-python", LAUNCHER)


def link_provider(binary: Path, plugin: Path) -> None:
    """Link the Terraform provider where the bridge looks for it: it is too large to copy."""
    (plugin / "provider").mkdir()
    (plugin / "provider" / binary.name).symlink_to(binary)


def download_plugin(pulumi: Path, home: Path) -> None:
    """Let `pulumi` download the official AWS plug-in into a Pulumi home."""
    environ = dict(os.environ, PULUMI_HOME=str(home), PULUMI_SKIP_UPDATE_CHECK="true")
    command = [str(pulumi), "plugin", "install", "resource", "aws", pins.AWS_PLUGIN]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"`{' '.join(command[1:])}` failed:\n    {done.stderr.strip()[-2000:]}")


def _executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
