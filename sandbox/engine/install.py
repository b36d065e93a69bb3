"""Find a usable engine, or make one in the user's cache folder.

An engine lies under the digest of what it is made from, so that a change of a version, of the bridge or of the
language host makes a new one and an old clone keeps its own. It appears there by one rename: a killed build leaves
nothing that looks finished.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine import build, find, pins, retention
from sandbox.engine.progress import Part

_BUILDING = ".building-"
_PLUGIN = f"resource-aws-v{pins.AWS_PLUGIN}"


@dataclass(frozen=True)
class Plan:
    """What an engine is to consist of on this machine.

    Attributes
    ----------
    official : OfficialCli or None
        A `pulumi` that is installed already; None where one is built.
    provider : Path or None
        The Terraform AWS provider to bridge; None where Pulumi's own AWS plug-in is used.
    provider_missing : Missing or None
        Why there is no Terraform provider.
    """

    official: find.OfficialCli | None
    provider: Path | None
    provider_missing: find.Missing | None

    @property
    def digest(self) -> str:
        """The name of this engine's folder: 16 hexadecimal digits of the SHA-256 of what it is made from."""
        made_from = [platform.system(), platform.machine(), build.LAUNCHER, *build.OPTIONS]
        made_from += [hashlib.sha256(source.read_bytes()).hexdigest() for source in _sources()]
        if self.official:
            made_from.append(f"{self.official.executable} {self.official.version}")
        if self.provider:
            made_from.append(f"{self.provider} {self.provider.stat().st_size}")
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Engine:
    """An engine that is ready.

    Attributes
    ----------
    folder : Path
        Where it lies: ``bin`` for PATH, ``home`` for PULUMI_HOME.
    pulumi : Path
        The `pulumi` command.
    bridged : bool
        AWS resources go through the bridge over a Terraform provider, so no plug-in is ever downloaded.
    """

    folder: Path
    pulumi: Path
    bridged: bool

    @property
    def bin(self) -> Path:
        """The folder that comes first on PATH."""
        return self.folder / "bin"

    @property
    def home(self) -> Path:
        """PULUMI_HOME: the plug-ins."""
        return self.folder / "home"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where engines are kept: XDG_CACHE_HOME/headrace/engine, by default below ~/.cache."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headrace" / "engine"


def plan(environ: Mapping[str, str]) -> Plan:
    """Decide what an engine consists of here; the bridge is preferred, because that is what the tests cover."""
    provider = find.terraform_provider(environ)
    if isinstance(provider, find.Missing):
        return Plan(find.official_cli(environ, cache_folder(environ)), None, provider)
    return Plan(find.official_cli(environ, cache_folder(environ)), provider, None)


def locate(environ: Mapping[str, str], chosen: Plan | None = None) -> Engine | None:
    """Return the engine that is installed for this clone on this machine, or None."""
    chosen = chosen or plan(environ)
    folder = cache_folder(environ) / chosen.digest
    plugin = folder / "home" / "plugins" / _PLUGIN / "pulumi-resource-aws"
    pulumi = chosen.official.executable if chosen.official else folder / "bin" / "pulumi"
    if not (plugin.is_file() and pulumi.is_file()):
        return None
    return Engine(folder, pulumi, bridged=chosen.provider is not None)


def install(environ: Mapping[str, str]) -> Engine:
    """Return a usable engine, making it if it is not there.

    Raises
    ------
    MissingPartsError
        Parts cannot be had; the message names all of them.
    BuildError
        A part could not be built.
    """
    chosen = plan(environ)
    if engine := locate(environ, chosen):
        return engine
    go = _check(environ, chosen)
    with _lock(cache_folder(environ)):
        if engine := locate(environ, chosen):
            return engine
        _make(cache_folder(environ), chosen, go)
        retention.newest_engines(cache_folder(environ))
    engine = locate(environ, chosen)
    if engine is None:
        raise build.BuildError(f"the engine in {cache_folder(environ) / chosen.digest} is not complete; delete it")
    return engine


def _sources() -> list[Path]:
    """Return the files of this folder that engines are made from."""
    bridge = build.HERE / "bridge"
    named = [bridge / "go.mod", bridge / "go.sum", bridge / "aws_resources.json", build.HERE / "language_host.py"]
    return [*named, *sorted(bridge.glob("*.go"))]


def _check(environ: Mapping[str, str], chosen: Plan) -> Path | None:
    """Return the Go to build with; raise what is missing, all at once."""
    missing: list[find.Missing] = []
    go: Path | None = None
    if chosen.official is None or chosen.provider is not None:
        found = find.go(environ)
        if isinstance(found, find.Missing):
            missing.append(found)
        else:
            go = found
    if chosen.provider_missing is not None:
        if find.PROVIDER_SETTING in environ:
            missing.append(chosen.provider_missing)
        elif find.installed_plugin(environ) is None and (unreachable := find.plugin_downloads()):
            missing += [chosen.provider_missing, unreachable]
    if missing:
        raise find.MissingPartsError(missing)
    return go


@contextlib.contextmanager
def _lock(cache: Path) -> Iterator[None]:
    """Hold the only right to build in this cache; the system gives it back when the holder dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build of the engine is under way; waiting for it", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left_over in cache.glob(_BUILDING + "*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield


def _make(cache: Path, chosen: Plan, go: Path | None) -> None:
    # A name of its own: what a killed build left running must not write into this one.
    work = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=cache))
    began = time.monotonic()
    try:
        plugin = work / "home" / "plugins" / _PLUGIN
        plugin.mkdir(parents=True)
        (work / "bin").mkdir()
        if go is not None:
            _build(chosen, build.GoBuilder(go, cache / "build.log"), work, plugin)
        if chosen.provider is None:
            _official_plugin(chosen, work, plugin)
        work.rename(cache / chosen.digest)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    print(f"engine ready in {time.monotonic() - began:.0f} s: {cache / chosen.digest}", file=sys.stderr)


def _build(chosen: Plan, builder: build.GoBuilder, work: Path, plugin: Path) -> None:
    programs = [] if chosen.official else [build.CLI]
    programs += [build.BRIDGE] if chosen.provider else []
    titles = {build.CLI: f"pulumi {pins.PULUMI}", build.BRIDGE: f"bridge to Terraform's AWS {pins.TERRAFORM_AWS}"}
    title = ", ".join(titles[program] for program in programs)
    with Part(f"{title}: download", 1, 2) as part:
        packages = builder.fetch(programs, part.note)
    with Part(f"{title}: build", 2, 2) as part:
        builder.build(programs, work / "built", packages, part.note)
    if not chosen.official:
        (work / "built" / build.NAMES[build.CLI]).rename(work / "bin" / "pulumi")
        build.language_files(builder, work / "bin")
    if chosen.provider:
        (work / "built" / build.NAMES[build.BRIDGE]).rename(plugin / "pulumi-resource-aws")
        build.link_provider(chosen.provider, plugin)
    shutil.rmtree(work / "built")


def _official_plugin(chosen: Plan, work: Path, plugin: Path) -> None:
    print(
        f"no Terraform AWS provider here: taking Pulumi's own AWS plug-in {pins.AWS_PLUGIN}, "
        "which has not been tested against the local cloud",
        file=sys.stderr,
    )
    plugin.rmdir()
    if installed := find.installed_plugin(os.environ):
        plugin.symlink_to(installed)
        return
    with Part(f"Pulumi's AWS plug-in {pins.AWS_PLUGIN}: download", 1, 1):
        pulumi = chosen.official.executable if chosen.official else work / "bin" / "pulumi"
        build.download_plugin(pulumi, work / "home")
